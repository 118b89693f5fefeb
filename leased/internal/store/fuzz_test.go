// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// sealed is a file as another program would read it.
type sealed struct {
	Sum    string          `json:"sum"`
	Record json.RawMessage `json:"record"`
}

// FuzzLoad: whatever a file has in it, the others are loaded, and it is either
// refused or a JSON document of a sum and the record that came out, no more.
func FuzzLoad(f *testing.F) {
	dir := stateDir(f)
	s := open(f, dir)
	save(f, s, "a", "bad")
	whole, err := os.ReadFile(s.file("bad"))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{whole, bytes.ToUpper(whole), whole[:len(whole)-1], []byte(`{"name":"x"}`), []byte("\x00"), []byte(`[[[[`), nil} {
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Add([]byte(`1,"x":2`), true)
	f.Fuzz(func(t *testing.T, b []byte, forge bool) {
		record := b
		if forge { // with the right sum, which no mutation finds
			sum := sha256.Sum256(slices.Concat([]byte(fileName("bad")), []byte{0}, b))
			b = slices.Concat([]byte(`{"sum":"`+hex.EncodeToString(sum[:16])+`","record":`), b, []byte("}\n"))
		}
		damage(t, s, b)
		var got [][]byte
		_, err := s.Load(func(b []byte) error { got = append(got, b); return nil })
		a := slices.IndexFunc(got, func(b []byte) bool { return string(b) == `{"name":"a"}` })
		if a < 0 {
			t.Fatalf("the other one is lost: %q, %v", got, err)
		}
		got = slices.Delete(got, a, a+1)
		switch {
		case bytes.Equal(b, whole) && !forge:
			record = []byte(`{"name":"bad"}`)
		case !forge || !json.Valid(record):
			if len(got) > 0 || err == nil {
				t.Errorf("%q, %v", got, err)
			}
			return
		}
		if err != nil || len(got) != 1 || !bytes.Equal(got[0], record) {
			t.Errorf("%q, %v", got, err)
		}
		strict := json.NewDecoder(bytes.NewReader(b))
		strict.DisallowUnknownFields()
		var doc sealed
		if err := strict.Decode(&doc); err != nil || !bytes.Equal(doc.Record, bytes.TrimSpace(record)) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
