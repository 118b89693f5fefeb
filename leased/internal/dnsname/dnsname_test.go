// SPDX-License-Identifier: Apache-2.0

package dnsname_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"podman-net-dhcp/leased/internal/dnsname"
)

func TestValid(t *testing.T) {
	longest := strings.Repeat("a.", 126) + "a" // 253 bytes (RFC 1035 §2.3.4)
	for in, want := range map[string]string{
		"web": "web", "web.": "web", "A-1.example.net": "A-1.example.net", "_ldap._tcp": "_ldap._tcp", "1": "1",
		longest: longest, longest + ".": longest, longest + "a": "", strings.Repeat("a", 63): strings.Repeat("a", 63),
		strings.Repeat("a", 64): "", "": "", ".": "", "..": "", "a..b": "", ".a": "", "a...": "", "-a": "", "a-": "", "a.-b": "",
		"a b": "", "a\n": "", "a\x00": "", `a"b`: "", "$(id)": "", "ä": "", "\xff": "", "a/b": "", "a\\b": "", "a:b": "", "a@b": "",
	} {
		if got := dnsname.Valid(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	for c := range 256 { // byte by byte
		ok := c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || c == '-' || c == '_' || c == '.')
		if got := dnsname.Valid("a" + string([]byte{byte(c)}) + "b"); (got != "") != ok {
			t.Errorf("byte %d: got %q", c, got)
		}
	}
}

func TestList(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want []string
	}{
		"nothing":         {"", nil},
		"one":             {"\x03net\x00", []string{"net"}},
		"pointers":        {"\x03net\x00\x01a\xc0\x00\x01b\xc0\x05", []string{"net", "a.net", "b.a.net"}},
		"root, one twice": {"\x00\x03net\x00\x03net\x00", []string{"net"}},
		"no host name":    {"\x03a.b\x00\x02$(\x00\x03net\x00", []string{"net"}},
		"no end":          {"\x03net", nil},
		"cut later":       {"\x03net\x00\x05a", []string{"net"}},
		"a stray byte":    {"\x03net\x00\x09", []string{"net"}},
		"to itself":       {"\xc0\x00", nil},
		"a loop of two":   {"\x01a\xc0\x04\x01b\xc0\x00", nil},
		"forward":         {"\x01a\xc0\x04\x01b\x00", nil},
		"beyond the end":  {"\x01a\xff\xff", nil},
		"half a pointer":  {"\x01a\xc0", nil},
		"type 01":         {"\x40" + strings.Repeat("a", 64) + "\x00", nil},
		"too long":        {strings.Repeat("\x01a", 128) + "\x00", nil},
	} {
		if got := dnsname.List([]byte(c.wire), 16); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q", name, got)
		}
		if whole := slices.Contains([]string{"nothing", "one", "pointers", "root, one twice"}, name); dnsname.Whole([]byte(c.wire)) != whole {
			t.Errorf("%s: whole: %v", name, !whole)
		}
	}
}

// most bounds what is read, not only what comes out: names that are none count too.
func TestListMost(t *testing.T) {
	wire := []byte("\x01a\x00\x01$\x00\x01b\x00\x01c\x00\x09cut")
	for most, want := range [][]string{nil, {"a"}, {"a"}, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "c"}} {
		if got := dnsname.List(wire, most); !slices.Equal(got, want) {
			t.Errorf("%d: got %q, want %q", most, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, "lan": {"lan"}, "one.example two.example": {"one.example", "two.example"}, "a, b,c": {"a", "b", "c"},
		".ffm": {"ffm"}, "home.arpa\n": {"home.arpa"}, "lan\x00\x00": {"lan"}, "a a": {"a"}, "a $(id) b": nil, "a\nnameserver 192.0.2.1": nil, "a\x00b": nil, "a\tb": nil,
		"..": nil, "..a": nil, "a\u00a0b": nil, "a b c d e": {"a", "b", "c", "d"},
	} {
		if got := dnsname.Words(in, 4); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// RFC 4702 §2.3, RFC 4704 §4.2: only what is fully qualified ends with the root.
func TestWire(t *testing.T) {
	long := strings.Repeat("a", 63)
	for in, want := range map[string]string{
		"web": "\x03web", "web.": "\x03web\x00", "web.example.net": "\x03web\x07example\x03net\x00", "web.example.net.": "\x03web\x07example\x03net\x00",
		long: "\x3f" + long, long + "b": "\x3f" + long, long + "b.net": "\x3f" + long + "\x03net\x00",
	} {
		if got := dnsname.Wire(in); string(got) != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "no lease\x00\x00": "no lease", "a\x00b": "a?b", "\x1b[31mred": "?[31mred", "a\nb\r\tc\x7f\u0085": "a?b??c??",
		"a\u202eb\u200b\ufeff": "a?b??", "gr\xfc\xdfe": "gr??e", "grüße": "grüße", "\ufffd": "?", "a\u00a0b": "a?b",
		strings.Repeat("x", 255): strings.Repeat("x", 255), strings.Repeat("x", 256): strings.Repeat("x", 255),
		strings.Repeat("ü", 128): strings.Repeat("ü", 127), strings.Repeat("\x01", 300): strings.Repeat("?", 255),
	} {
		if got := dnsname.Printable(in); got != want || len(got) > dnsname.MaxText {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzList: names that come out are such as Valid lets through, each once, no more than
// were asked for, and come out again of their own wire form.
func FuzzList(f *testing.F) {
	f.Add([]byte("\x03net\x00\x01a\xc0\x00\x01b\xc0\x05"), 3)
	f.Add([]byte("\x02\xc0\x01\x00\x01\x41\xc0\x01"), 16)
	f.Add([]byte("\x03a.b\x00\xff"), -1)
	f.Fuzz(func(t *testing.T, b []byte, most int) {
		names := dnsname.List(b, most)
		if len(names) > max(most, 0) {
			t.Errorf("%d names of at most %d", len(names), most)
		}
		for i, n := range names {
			if dnsname.Valid(n) != n || slices.Index(names, n) != i {
				t.Errorf("%q in %q", n, names)
			}
			if again := dnsname.List(dnsname.Wire(n+"."), 1); !slices.Equal(again, []string{n}) {
				t.Errorf("%q becomes %q", n, again)
			}
		}
	})
}

// FuzzPrintable: what comes out is bounded, printable, and stays as it is.
func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff\x00")
	f.Add(strings.Repeat("ü", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := dnsname.Printable(s)
		bad := strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) })
		if bad || len(got) > dnsname.MaxText || !utf8.ValidString(got) || dnsname.Printable(got) != got {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}
