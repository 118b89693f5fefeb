// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A crash while a file is written leaves a part of it under another name; the old
// one counts.
func TestCrashDuringSave(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := open(t, dir)
	save(t, s, "a")
	s.Close()
	for _, end := range []string{temporary, ".1" + temporary, ".4294967296" + temporary} {
		part := s.file("a") + end
		for _, text := range []string{"", "{", `{"name":"z"}`} {
			if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir)
			want(t, s, "a")
			if _, err := os.Stat(part); !os.IsNotExist(err) {
				t.Errorf("%s is still there", part)
			}
			s.Close()
		}
	}
}

// A part that cannot be removed is in nobody's way.
func TestPartThatIsADirectory(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	if err := os.MkdirAll(filepath.Join(dir, fileName("a")+".1"+temporary, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	save(t, s, "b")
	want(t, s, "b")
}

// damage writes b in place of the record of "bad".
func damage(t *testing.T, s *Store, b []byte) {
	t.Helper()
	if err := os.WriteFile(s.file("bad"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// refused damages the record of "bad" with b, which costs that one only: it is set
// aside, as it is and once, and told of.
func refused(t *testing.T, s *Store, b []byte) {
	t.Helper()
	damage(t, s, b)
	names, err := load(s)
	if err == nil || !strings.Contains(err.Error(), s.file("bad")+" is set aside as ") || !slices.Equal(names, []string{"a", "z"}) {
		t.Errorf("%q: %q, %v", b, names, err)
	}
	if got, _ := os.ReadFile(s.file("bad") + aside); !bytes.Equal(got, b) {
		t.Errorf("%q: %q was set aside", b, got)
	}
	want(t, s, "a", "z")
}

// three is a store with a record to be damaged, which is also returned.
func three(t *testing.T) (s *Store, whole []byte) {
	t.Helper()
	s = open(t, stateDir(t))
	save(t, s, "a", "bad", "z")
	whole, err := os.ReadFile(s.file("bad"))
	if err != nil {
		t.Fatal(err)
	}
	return s, whole
}

func TestTornRecord(t *testing.T) {
	t.Parallel()
	s, whole := three(t)
	for n := range whole {
		refused(t, s, whole[:n])
		refused(t, s, append(bytes.Clone(whole[:n]), make([]byte, len(whole)-n)...)) // a block that was never written
	}
	save(t, s, "bad")
	want(t, s, "a", "bad", "z")
}

func TestFlippedBits(t *testing.T) {
	t.Parallel()
	s, whole := three(t)
	for bit := range 8 * len(whole) {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		refused(t, s, b)
	}
}

// A copy under another name is no lease of that name.
func TestCopiedRecord(t *testing.T) {
	t.Parallel()
	s, _ := three(t)
	for _, from := range []string{"a", "z"} {
		b, err := os.ReadFile(s.file(from))
		if err != nil {
			t.Fatal(err)
		}
		refused(t, s, b)
	}
}

// What is not as Save writes it is refused, whatever its sum.
func TestOtherJSON(t *testing.T) {
	t.Parallel()
	s, whole := three(t)
	line := strings.TrimSuffix(string(whole), "\n")
	sum, record := line[:prefixSize-len(`"record":`)-1], line[prefixSize:len(line)-1]
	for _, text := range []string{
		record, line, line + " ", line + "\r\n", line + "\n\n", line + "\n{}\n", "\ufeff" + line + "\n", " " + line + "\n",
		strings.Replace(line, `"sum"`, `"Sum"`, 1) + "\n",
		strings.Replace(line, `"record":`, `"record": `, 1) + "\n",
		strings.TrimSuffix(line, "}") + `,"x":1}` + "\n",
		strings.TrimSuffix(line, "}") + `,"record":` + record + "}\n",
		`{"record":` + record + "," + sum[1:] + "}\n",
		`{"record":` + record + "}\n",
		sum + "," + sum[1:] + `,"record":` + record + "}\n",
		sum + "}\n",
		strings.ToUpper(sum) + line[len(sum):] + "\n",
		string(seal(fileName("bad"), []byte(record+`,"x":1`))),
		string(seal(fileName("bad"), []byte(record+`,"record":{}`))),
		string(seal(fileName("bad"), nil)),
		string(seal(fileName("bad"), []byte(`{"name":"\`))),
		"null\n", "[]\n", strings.Repeat("[", maxFile-1),
	} {
		refused(t, s, []byte(text))
	}
}
