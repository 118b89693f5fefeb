// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// names that others' clients have let through to shells, lease files and
// resolv.conf: CVE-2011-0997, CVE-2011-2716, CVE-2014-6271, CVE-2018-1111,
// CVE-2026-42511, and dhcpcd's of 2026.
var hostileNames = []string{
	`a"b`, "a'b", "a\nnameserver 203.0.113.1", "a\rb", "a\x00b", "\x00", "$(id)", "`id`", "a;b", "a\tb",
	"\x1b[2Jx", "a\u202eb", "\xff\xfe", "() { :;}; id", "x&y", "a/b", "../../etc", "a\\b", "a..b", ".", "..",
	"-a", "a-", "ä", "a%sb", "a=b", "{}", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a",
}

func TestHostileNames(t *testing.T) {
	for _, name := range hostileNames {
		opts := [][]byte{dt.OptText(15, name)}
		if len(name) < 254 { // as one label, dots and all
			opts = append(opts, dt.OptText(119, string([]byte{byte(len(name))})+name+"\x00"))
		}
		r := parse(t, ack(opts...))
		if r.Domain != "" || len(r.Search) != 0 {
			t.Errorf("%q: got domain %q, search %q", name, r.Domain, r.Search)
		}
	}
	longest := strings.Repeat("a.", 126) + "a"
	for _, name := range []string{"a", "A-1", "_ldap._tcp", "1", longest, strings.Repeat("a", 63) + ".net"} {
		for _, sent := range []string{name, name + ".\x00"} {
			if r := parse(t, ack(dt.OptText(15, sent))); r.Domain != name {
				t.Errorf("%q: got %q", sent, r.Domain)
			}
		}
	}
}

// Message texts are for the operator's eyes; they must not act on his terminal.
func TestHostileText(t *testing.T) {
	for in, want := range map[string]string{
		"no lease\x00\x00":     "no lease",
		"\x1b[31mred\x1b[0m":   "?[31mred?[0m",
		"a\nb\r\tc\x7f\u0085":  "a?b??c??",
		"a\u202eb\u200b\ufeff": "a?b??",
		"gr\xfc\xdfe":          "gr??e",
		"grüße":                "grüße",
	} {
		if got := parse(t, ack(dt.OptText(56, in))).Text; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	long := parse(t, ack(dt.OptText(56, strings.Repeat("ü", 127)), dt.OptText(56, strings.Repeat("ü", 127)))).Text
	if len(long) != 254 || !strings.HasSuffix(long, "ü") {
		t.Errorf("long text has %d bytes and ends with %q", len(long), long[len(long)-2:])
	}
}

func TestSearch(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want []string
	}{
		"chain of pointers": {"\x03net\x00\x01a\xc0\x00\x01b\xc0\x05", []string{"net", "a.net", "b.a.net"}},
		"the same twice":    {"\x03net\x00\x03net\x00\xc0\x00", []string{"net"}},
		"root":              {"\x00\x03net\x00\x00", []string{"net"}},
		"to itself":         {"\xc0\x00", nil},
		"CVE-2020-7461":     {"\x02\xc0\x01\x00\x01\x41\xc0\x01", nil},
		"forward":           {"\x01a\xc0\x04\x01b\x00", nil},
		"two at each other": {"\x01a\xc0\x04\x01b\xc0\x00", nil},
		"beyond the end":    {"\x01a\xc0\xff", nil},
		"half a pointer":    {"\x01a\xc0", nil},
		"no end":            {"\x03net", nil},
		"long label":        {"\x40" + strings.Repeat("a", 64) + "\x00", nil}, // CVE-2016-2147
		"cut label":         {"\x3fabc", nil},
		"dot in label":      {"\x03a.b\x00\x03net\x00", []string{"net"}},
		"only NULs":         {"\x00\x00\x00\x00", nil}, // CVE-2019-0547
	} {
		got := parse(t, ack(dt.OptText(119, c.wire))).Search
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// The longest name that there is has 255 bytes on the wire (RFC 1035 §2.3.4).
func TestSearchLongest(t *testing.T) {
	got := parse(t, ack(dt.OptText(119, strings.Repeat("\x01a", 127)+"\x00"))).Search
	if len(got) != 1 || len(got[0]) != 253 {
		t.Errorf("got %q", got)
	}
	if got := parse(t, ack(dt.OptText(119, strings.Repeat("\x01a", 126)+"\x02bb"), dt.OptText(119, "\x00"))).Search; got != nil {
		t.Errorf("a longer one: got %q", got)
	}
}

// Lists and names that are too long are cut, and do not take long.
func TestHostileSizes(t *testing.T) {
	var dns, search []byte
	for i := range 60 {
		dns = append(dns, 192, 0, 2, byte(i+1))
		search = append(search, 2, 'a'+byte(i/26), 'a'+byte(i%26), 0)
	}
	r := parse(t, ack(dt.Opt(6, dns...), dt.Opt(119, search...)))
	if len(r.DNS) != dhcp4.MaxDNS || len(r.Search) != dhcp4.MaxSearch || r.Search[1] != "ab" {
		t.Errorf("%d DNS servers, search %q", len(r.DNS), r.Search)
	}
	opts := [][]byte{dt.OptText(119, strings.Repeat("\x01$", 120)+"\x00")}
	for range 250 { // pointers to a long name that is none, as many as a datagram holds
		opts = append(opts, dt.OptText(119, strings.Repeat("\xc0\x00", 127)))
	}
	begin := time.Now()
	if r := parse(t, ack(opts...)); len(r.Search) != 0 {
		t.Errorf("search %q", r.Search)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("a datagram takes %s to parse", d)
	}
}

func TestHostileAddresses(t *testing.T) {
	r := parse(t, ack(dt.OptAddr(6, "0.0.0.0", "127.0.0.53", "224.0.0.251", "255.255.255.255", "192.0.2.53", "192.0.2.53", "0.1.2.3")))
	if !slices.Equal(r.DNS, addrs("192.0.2.53")) {
		t.Errorf("DNS %v", r.DNS)
	}
	if r := parse(t, ack(dt.Opt(6, 192, 0, 2, 53, 9))); !slices.Equal(r.DNS, addrs("192.0.2.53")) {
		t.Errorf("DNS %v of 5 bytes", r.DNS)
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]int{
		"255.255.255.0": 24, "255.255.255.255": 32, "255.255.255.254": 31, "128.0.0.0": 1,
		"255.0.255.0": dhcp4.BadMask, "0.0.0.0": dhcp4.NoMask, "0.0.0.255": dhcp4.BadMask, "255.255.255.1": dhcp4.BadMask,
	} {
		if got := parse(t, ack(dt.OptAddr(1, in))).Mask; got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
}

func TestMTU(t *testing.T) {
	for in, want := range map[int]int{0: 0, 67: 0, 68: 576, 575: 576, 576: 576, 577: 577, 1280: 1280, 9000: 9000, 65535: 65535} {
		if got := parse(t, ack(dt.Opt(26, byte(in>>8), byte(in)))).MTU; got != want {
			t.Errorf("%d: %d, want %d", in, got, want)
		}
	}
}
