// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

var (
	router1 = netip.MustParseAddr("fe80::1")
	addr    = netip.MustParseAddr
	prefix  = netip.MustParsePrefix
)

// golden is what a home router says, byte by byte as in RFC 4861 §4.2.
var golden = []byte{
	134, 0, 0x12, 0x34, 64, 0xc8, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, // M, O, high; 1800 s
	1, 1, 2, 0xff, 0, 0, 0, 1, // its MAC
	5, 1, 0, 0, 0, 0, 0x05, 0xd4, // MTU 1492
	3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0, // L, A; valid 86400, preferred 14400
	0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
	25, 5, 0, 0, 0, 0, 0x0e, 0x10, // 3600 s
	0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x53,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
	31, 4, 0, 0, 0xff, 0xff, 0xff, 0xff, // for ever
	3, 'l', 'a', 'n', 0, 4, 'h', 'o', 'm', 'e', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 0, 0, 0, 0,
}

func TestParseReadsWhatARouterSays(t *testing.T) {
	want := Advertisement{
		From: router1, Managed: true, Other: true, Lifetime: 1800, Preference: 1,
		Prefixes: []Prefix{{prefix("2001:db8:1:2::/64"), true, 14400, 86400}},
		DNS:      []Servers{{[]netip.Addr{addr("2001:db8:1:2::53"), addr("fd00::53")}, 3600}},
		Search:   []Domains{{[]string{"lan", "home.example"}, Infinite}},
	}
	for _, from := range []string{"fe80::1", "fe80::1%eth0"} {
		if got, err := Parse(golden, addr(from)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("from %s: %+v, %v, want %+v", from, got, err, want)
		}
	}
}

// ra is an advertisement with that head's flags and lifetime, and options.
func ra(flags byte, lifetime uint16, options ...[]byte) []byte {
	b := []byte{134, 0, 0, 0, 64, flags, byte(lifetime >> 8), byte(lifetime), 0, 0, 0, 0, 0, 0, 0, 0}
	return append(b, slices.Concat(options...)...)
}

func be(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

func optionPrefix(p string, bits, flags byte, preferred, valid uint32) []byte {
	return slices.Concat([]byte{3, 4, bits, flags}, be(valid), be(preferred), be(0), addr(p).AsSlice())
}

func optionDNS(lifetime uint32, addrs ...string) []byte {
	o := append([]byte{25, byte(1 + 2*len(addrs)), 0, 0}, be(lifetime)...)
	for _, a := range addrs {
		o = append(o, addr(a).AsSlice()...)
	}
	return o
}

func optionSearch(lifetime uint32, names string) []byte {
	names += string(make([]byte, -len(names)&7))
	return slices.Concat([]byte{31, byte(1 + len(names)/8), 0, 0}, be(lifetime), []byte(names))
}

func TestParseRefuses(t *testing.T) {
	good := ra(0, 1800)
	for _, tt := range []struct {
		name, from string
		icmp       []byte
		want       error
	}{
		{"global source", "2001:db8::1", good, errSource},
		{"no source", "::", good, errSource},
		{"IPv4 source", "169.254.0.1", good, errSource},
		{"mapped source", "::ffff:169.254.0.1", good, errSource},
		{"solicitation", "fe80::1", append([]byte{133}, good[1:]...), errType},
		{"code 1", "fe80::1", append([]byte{134, 1}, good[2:]...), errType},
		{"nothing", "fe80::1", nil, errShort},
		{"15 bytes", "fe80::1", good[:15], errShort},
		{"one byte behind", "fe80::1", append(good[:16:16], 1), errOption},
		{"option of length 0", "fe80::1", ra(0, 1800, []byte{1, 0, 0, 0, 0, 0, 0, 0}), errOption},
		{"option of length 0 behind others", "fe80::1", ra(0, 1800, optionDNS(1, "fd00::1"), []byte{0, 0}), errOption},
		{"option beyond the end", "fe80::1", ra(0, 1800, []byte{1, 2, 0, 0, 0, 0, 0, 0}), errOption},
	} {
		from, _ := netip.ParseAddr(tt.from)
		if a, err := Parse(tt.icmp, from); !errors.Is(err, tt.want) || !reflect.DeepEqual(a, Advertisement{}) {
			t.Errorf("%s: %+v, %v, want %v", tt.name, a, err, tt.want)
		}
	}
	if _, err := Parse(good, netip.Addr{}); !errors.Is(err, errSource) {
		t.Errorf("from nowhere: %v", err)
	}
	if _, err := Parse(good, router1); err != nil {
		t.Errorf("what is right but for that: %v", err)
	}
}

func TestParseReadsTheHead(t *testing.T) {
	for _, tt := range []struct {
		flags    byte
		lifetime uint16
		want     Advertisement
	}{
		{0, 1, Advertisement{Lifetime: 1}},
		{0x80, 65535, Advertisement{Managed: true, Lifetime: 65535}},
		{0x40, 0, Advertisement{Other: true}},
		{0x08, 9, Advertisement{Lifetime: 9, Preference: 1}},
		{0x18, 9, Advertisement{Lifetime: 9, Preference: -1}},
		{0x10, 9, Advertisement{Lifetime: 9}}, // reserved
		{0x08, 0, Advertisement{}},            // no default router has no preference
		{0x27, 9, Advertisement{Lifetime: 9}}, // home agent, proxy, reserved
	} {
		tt.want.From = router1
		if got, err := Parse(ra(tt.flags, tt.lifetime), router1); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%#x, %d s: %+v, %v", tt.flags, tt.lifetime, got, err)
		}
	}
}

// Each option that is malformed, or to be ignored, before one of its kind that is right.
func TestParseLeavesOptionsOut(t *testing.T) {
	long := optionPrefix("2001:db8::", 64, 0x40, 1, 2)
	long[1] = 5
	even := append(optionDNS(1, "fd00::1"), make([]byte, 8)...)
	even[1] = 4
	want := Advertisement{
		From: router1, Lifetime: 1,
		Prefixes: []Prefix{{prefix("fd00::/64"), true, 1, 1}},
		DNS:      []Servers{{[]netip.Addr{addr("fd00::53")}, 1}},
		Search:   []Domains{{[]string{"lan"}, 1}},
	}
	for name, o := range map[string][]byte{
		"unknown":                    {200, 1, 0, 0, 0, 0, 0, 0},
		"prefix, short":              {3, 1, 64, 0x40, 0, 0, 0, 1},
		"prefix, long":               append(long, make([]byte, 8)...),
		"prefix of 129 bits":         optionPrefix("2001:db8::", 129, 0x40, 1, 2),
		"prefix, preferred > valid":  optionPrefix("2001:db8::", 64, 0x40, 3, 2),
		"prefix, link-local":         optionPrefix("fe80::", 64, 0x40, 1, 2),
		"prefix, link-local, odd":    optionPrefix("febf::", 64, 0x40, 1, 2),
		"prefix, multicast":          optionPrefix("ff02::", 64, 0x40, 1, 2),
		"servers, none":              optionDNS(1),
		"servers, half a one":        even,
		"servers, useless":           optionDNS(1, "fe80::53", "ff02::1", "::", "::1", "::ffff:192.0.2.1"),
		"names, none":                optionSearch(1, ""),
		"names, only padding":        optionSearch(1, "\x00\x00\x00\x00"),
		"names, cut":                 {31, 2, 0, 0, 0, 0, 0, 1, 3, 'w', 'e', 'b', 3, 'l', 'a', 'n'},
		"names, label of 64":         optionSearch(1, "\x40"+string(make([]byte, 64))),
		"names, not for resolv.conf": optionSearch(1, "\x05a b\nc\x00\x03$()\x00\x03a.b\x00"),
	} {
		got, err := Parse(ra(0, 1, o, optionPrefix("fd00::1", 64, 0x40, 1, 1), optionDNS(1, "fd00::53"), optionSearch(1, "\x03lan\x00")), router1)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// The names before what is no name stand: OpenWrt 25.12 pads with what is in its memory.
func TestParseNamesBeforeJunk(t *testing.T) {
	for name, wire := range map[string]string{
		"a label beyond": "\x03xxx\x03lan\x00\x03la", "a pointer": "\x03xxx\x03lan\x00\x01a\xc0\x00",
		"junk": "\x03xxx\x03lan\x00\xc4\xe8\x9b\xb6\x7f\x00\x00",
	} {
		got, err := Parse(ra(0, 0, optionSearch(7, wire)), router1)
		if err != nil || !reflect.DeepEqual(got.Search, []Domains{{[]string{"xxx.lan"}, 7}}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Of a mixed option the good part counts.
func TestParseLeavesAddressesAndNamesOut(t *testing.T) {
	got, err := Parse(ra(0, 0, optionDNS(0, "fe80::1", "fd00::1", "::"), optionSearch(7, "\x01 \x00\x03lan\x00\x00")), router1)
	want := Advertisement{
		From: router1, DNS: []Servers{{[]netip.Addr{addr("fd00::1")}, 0}}, Search: []Domains{{[]string{"lan"}, 7}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// What the kernel forms no address from is not autonomous: not its flag, or no /64.
func TestParseAutonomous(t *testing.T) {
	for _, tt := range []struct {
		bits, flags byte
		want        Prefix
	}{
		{64, 0xc0, Prefix{prefix("2001:db8:0:1::/64"), true, 1, 2}},
		{64, 0x40, Prefix{prefix("2001:db8:0:1::/64"), true, 1, 2}},
		{64, 0x80, Prefix{prefix("2001:db8:0:1::/64"), false, 1, 2}},
		{48, 0xc0, Prefix{prefix("2001:db8::/48"), false, 1, 2}},
		{128, 0xc0, Prefix{prefix("2001:db8:0:1::9/128"), false, 1, 2}},
	} {
		got, err := Parse(ra(0, 0, optionPrefix("2001:db8:0:1::9", tt.bits, tt.flags, 1, 2)), router1)
		if err != nil || len(got.Prefixes) != 1 || got.Prefixes[0] != tt.want {
			t.Errorf("/%d, flags %#x: %+v, %v", tt.bits, tt.flags, got.Prefixes, err)
		}
	}
}

// What is said first counts, and the bounds are for all options of a kind together.
func TestParseIsBounded(t *testing.T) {
	var options [][]byte
	for n := range byte(40) {
		p := netip.AddrFrom16([16]byte{0xfd, n}).String()
		options = append(options, optionPrefix(p, 64, 0x40, 1, 1), optionDNS(1, p, p), optionSearch(1, "\x02a"+string('a'+n%26)+"\x00"))
	}
	a, err := Parse(ra(0, 1, options...), router1)
	servers, names := 0, 0
	for _, s := range a.DNS {
		servers += len(s.Addrs)
	}
	for _, d := range a.Search {
		names += len(d.Names)
	}
	if err != nil || len(a.Prefixes) != MaxPrefixes || servers != MaxDNS || names != MaxSearch {
		t.Errorf("%d prefixes, %d servers, %d names, %v", len(a.Prefixes), servers, names, err)
	}
	if a.Prefixes[15].Prefix != prefix("fd0f::/64") || a.DNS[3].Addrs[1] != addr("fd03::") || a.Search[15].Names[0] != "ap" {
		t.Errorf("not the first ones: %+v", a)
	}
}
