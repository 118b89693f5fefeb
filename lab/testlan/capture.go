// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Capture is a message of a public capture by its facts, as testdata/captures.txt has them.
//
// Facts are fields "key=value" of the header and the options in the order of the wire, apart by
// blanks. An option is code=value, or code/length=value if its length is not that of its value.
// Bytes that are no option stand as they are. A value is parts that are joined by "+":
//
//	192.0.2.1  2001:db8::1  an address        s3600  a time in seconds, of four bytes
//	~lan.example            a name of DNS     'a_b'  text; _ is a blank
//	*7  .7                  a filler, zeros   c001   hexadecimal; 00x9: a byte nine times
//	[1=*4,ff]               options
type Capture struct {
	Source string // repository and path
	Facts  []string
	Want   string // what the parser finds, or its error
}

// Captures reads captures.txt in dir.
func Captures(t testing.TB, dir string) (all []Capture) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "captures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	source := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if from, ok := strings.CutPrefix(line, "from "); ok {
			source = from
		} else if want, ok := strings.CutPrefix(line, "> "); ok && len(all) > 0 {
			all[len(all)-1].Want = want
		} else if line != "" && line[0] != '#' {
			all = append(all, Capture{Source: source, Facts: messages(line)})
		}
	}
	if len(all) == 0 {
		t.Fatal("no captures")
	}
	return all
}

// messages leaves out how many of the messages there were.
func messages(line string) []string {
	facts := strings.Fields(line)
	if strings.HasSuffix(facts[0], "x") {
		return facts[1:]
	}
	return facts
}

// Field returns the value of a fact of the header; "" if there is none.
func (c Capture) Field(key string) string {
	for _, fact := range c.Facts {
		if v, ok := strings.CutPrefix(fact, key+"="); ok {
			return v
		}
	}
	return ""
}

// Rebuild turns facts into bytes. Option returns an option of a protocol. It is to say a length; -1:
// that of its value.
type Rebuild struct {
	T      testing.TB
	Option func(code uint16, val []byte, length int) []byte
}

// Options returns the bytes of all facts but the header's.
func (r Rebuild) Options(c Capture) (b []byte) {
	for _, fact := range c.Facts[1:] {
		if key, _, _ := strings.Cut(fact, "="); key == fact || key[0] <= '9' {
			b = append(b, r.element(fact)...)
		}
	}
	return b
}

// element returns an option, or bytes that are none.
func (r Rebuild) element(s string) []byte {
	code, value, ok := strings.Cut(s, "=")
	if !ok || s[0] == '[' {
		return r.Value(s)
	}
	code, length, other := strings.Cut(code, "/")
	says := -1
	if other {
		says = r.number(length, 10, 16)
	}
	return r.Option(uint16(r.number(code, 10, 16)), r.Value(value), says)
}

// Value returns the bytes of a value.
func (r Rebuild) Value(s string) (b []byte) {
	for _, part := range split(s, '+') {
		if part != "" {
			b = append(b, r.part(part)...)
		}
	}
	return b
}

func (r Rebuild) part(s string) (b []byte) {
	switch s[0] {
	case '[':
		for _, e := range split(s[1:len(s)-1], ',') {
			b = append(b, r.element(e)...)
		}
		return b
	case '*':
		return bytes.Repeat([]byte("x"), r.number(s[1:], 10, 16))
	case '.':
		return make([]byte, r.number(s[1:], 10, 16))
	case 's':
		return binary.BigEndian.AppendUint32(nil, uint32(r.number(s[1:], 10, 32)))
	case '~':
		for label := range strings.SplitSeq(s[1:], ".") {
			b = append(append(b, byte(len(label))), label...)
		}
		return append(b, 0)
	case '\'':
		return []byte(strings.ReplaceAll(strings.Trim(s, "'"), "_", " "))
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.AsSlice()
	}
	digits, times, ok := strings.Cut(s, "x")
	if b, err := hex.DecodeString(digits); err != nil {
		r.T.Fatalf("fact %q: %v", s, err)
	} else if !ok {
		return b
	}
	return bytes.Repeat([]byte{byte(r.number(digits, 16, 8))}, r.number(times, 10, 16))
}

func (r Rebuild) number(s string, base, bits int) int {
	r.T.Helper()
	n, err := strconv.ParseUint(s, base, bits)
	if err != nil {
		r.T.Fatalf("fact %q: %v", s, err)
	}
	return int(n)
}

// split splits s at those separators that are not within brackets.
func split(s string, at rune) []string {
	depth := 0
	return strings.FieldsFunc(s, func(c rune) bool {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		return c == at && depth == 0
	})
}
