// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

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
