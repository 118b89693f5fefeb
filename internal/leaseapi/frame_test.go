// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"podman-net-dhcp/internal/leaseapi"
)

func framer(text string) *leaseapi.Framer {
	return leaseapi.NewFramer(struct {
		io.Reader
		io.Writer
	}{iotest.OneByteReader(strings.NewReader(text)), io.Discard})
}

func TestMessagesComeOneByOne(t *testing.T) {
	t.Parallel()
	f := framer("{\"method\":\"a\"}\x00 { \"method\" : \"b\" } \x00")
	for _, want := range []string{"a", "b"} {
		var c leaseapi.Call
		if err := f.Read(&c); err != nil || c.Method != want {
			t.Errorf("%+v, %v; want %s", c, err, want)
		}
	}
	if err := f.Read(&leaseapi.Call{}); err != io.EOF { // exactly: callers compare
		t.Errorf("%v at the end", err)
	}
}

func TestHowAStreamEnds(t *testing.T) {
	t.Parallel()
	full := `"` + strings.Repeat("a", leaseapi.MaxFrame-3) + `"`
	for name, c := range map[string]struct {
		text string
		want error // nil: none, errAny: some
	}{
		"nothing":          {"", io.EOF},
		"cut message":      {`{"method"`, io.ErrUnexpectedEOF},
		"cut before NUL":   {`{}`, io.ErrUnexpectedEOF},
		"largest":          {full + "\x00", nil},
		"too long":         {full + " \x00", leaseapi.ErrFrameTooLong},
		"endless":          {strings.Repeat(" ", 3*leaseapi.MaxFrame), leaseapi.ErrFrameTooLong},
		"empty message":    {"\x00", errAny},
		"two in one frame": {"{}{}\x00", errAny},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v any
			err := framer(c.text).Read(&v)
			if c.want == errAny && err == nil || c.want != errAny && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

var errAny = errors.New("any")

func TestWriteEndsWithOneNUL(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := leaseapi.NewFramer(&b).Write(leaseapi.Reply{Error: "a\x00b"}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "{\"error\":\"a\\u0000b\"}\x00"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err := leaseapi.NewFramer(&b).Write(func() {}); err == nil {
		t.Error("a function is written")
	}
}

// FuzzFrame: no panic, and what was read can be written and read again.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("{\"method\":\"io.leased.List\",\"more\":true}\x00{}\x00"))
	f.Add([]byte("{\"parameters\":{\"a\":[1e400]}}\x00"))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := framer(string(b))
		for range 100 {
			var call, again leaseapi.Call
			if err := in.Read(&call); err != nil {
				return
			}
			var buf bytes.Buffer
			round := leaseapi.NewFramer(&buf)
			if err := round.Write(call); err != nil {
				t.Fatal(err)
			}
			if err := round.Read(&again); errors.Is(err, leaseapi.ErrFrameTooLong) {
				return // escaping made it longer
			} else if err != nil {
				t.Fatal(err)
			}
			x, _ := json.Marshal(call)
			y, _ := json.Marshal(again)
			if !bytes.Equal(x, y) {
				t.Errorf("%s became %s", x, y)
			}
		}
	})
}
