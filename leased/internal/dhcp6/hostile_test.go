// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// An option of a wrong length is ignored, the next one of its code counts, and the rest
// stands: CVE-2018-15688 (lengths that are believed), CVE-2019-11577 (what is inside of
// an IA_NA), systemd #13578 (short options in REPLY).
func TestMalformedLengths(t *testing.T) {
	want := parse(t, everything)
	for code, right := range map[uint16]func(n int) bool{
		1: duidLen, 2: duidLen, 3: func(n int) bool { return n >= 12 }, 7: func(n int) bool { return n == 1 }, 13: func(n int) bool { return n >= 2 },
		14: func(n int) bool { return n == 0 }, 23: func(n int) bool { return n > 0 && n%16 == 0 }, 24: func(n int) bool { return n > 0 },
		32: four, 82: four, 83: four,
	} {
		for n := range 200 {
			if right(n) {
				continue
			}
			for _, fill := range []byte{0, 0xff} {
				bad := dt.Opt(code, bytes.Repeat([]byte{fill}, n)...)
				if got := parse(t, first(bad, everything)); !reflect.DeepEqual(got, want) {
					t.Errorf("option %d of %d bytes first: got\n%+v, want\n%+v", code, n, got, want)
				}
				alone := dt.Server{Type: dt.Reply, XID: 1, Options: [][]byte{bad}}
				if got := parse(t, alone); !reflect.DeepEqual(got, dhcp6.Reply{Type: dhcp6.ReplyType, XID: 1}) {
					t.Errorf("option %d of %d bytes: got %+v", code, n, got)
				}
			}
		}
	}
}

func duidLen(n int) bool { return n >= 3 && n <= dhcp6.MaxDUID }
func four(n int) bool    { return n == 4 }

// first puts a raw option before all others.
func first(opt []byte, s dt.Server) dt.Server {
	id, srv := dt.Opt(1, s.Client...), dt.Opt(2, s.Server...)
	return dt.Server{Type: s.Type, XID: s.XID, Options: append([][]byte{opt, id, srv}, s.Options...)}
}

// One of two is not glued to the other (§21), and what comes second does not count.
func TestRepeatedOptions(t *testing.T) {
	want := parse(t, everything)
	for _, again := range [][]byte{
		dt.Opt(1, 9, 9, 9), dt.Opt(2, 9, 9, 9), dt.Opt(7, 1), dt.OptStatus(1, "x"), dt.Opt(14), dt.OptAddr(23, "2001:db8::1"),
		dt.OptNames(24, "x.example"), dt.OptTime(32, 1), dt.OptTime(82, 70), dt.OptTime(83, 70), dt.OptIA(iaid, 1, 1),
	} {
		s := everything
		s.Options = append(slices.Clone(s.Options), again)
		if got := parse(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("% x again: got\n%+v, want\n%+v", again, got, want)
		}
	}
}

// Each bit of a whole message flipped: no panic, and what is taken keeps the bounds.
func TestFlippedBits(t *testing.T) {
	good := everything.Bytes()
	for i := range len(good) * 8 {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		if r, err := dhcp6.Parse(b, plain); err == nil {
			checkReply(t, r)
		}
	}
}

// Addresses inside of an IA_NA that are cut, of 23 bytes, with options that run beyond
// their end, or such as no host has; the good one among them stands.
func TestHostileAddresses(t *testing.T) {
	good := dt.OptIAAddr("2001:db8::9", 1, 2)
	for name, opt := range map[string][]byte{
		"23 bytes": dt.Opt(5, good[4:27]...), "empty": dt.Opt(5), "cut inside": dt.OptIAAddr("2001:db8::1", 1, 2, []byte{0, 13, 0, 9, 0}),
		"the same":    dt.OptIAAddr("2001:db8::9", 8, 9),
		"unspecified": dt.OptIAAddr("::", 1, 2), "loopback": dt.OptIAAddr("::1", 1, 2), "link-local": dt.OptIAAddr("fe80::1", 1, 2),
		"multicast": dt.OptIAAddr("ff0e::1", 1, 2), "mapped": dt.OptIAAddr("::ffff:192.0.2.1", 1, 2), "a prefix": dt.Opt(26, make([]byte, 25)...),
		"an IA_NA": dt.OptIA(iaid, 3, 3, dt.OptIAAddr("2001:db8::3", 1, 2)),
	} {
		r := parse(t, reply(dt.OptIA(iaid, 0, 0, good, opt)))
		if name != "the same" {
			r = parse(t, reply(dt.OptIA(iaid, 0, 0, opt, good)))
		}
		if len(r.Addrs) != 1 || r.Addrs[0] != (dhcp6.Address{Addr: addrs("2001:db8::9")[0], Preferred: 1, Valid: 2}) {
			t.Errorf("%s: %v", name, r.Addrs)
		}
	}
}

func TestHostileDNS(t *testing.T) {
	got := parse(t, reply(dt.OptAddr(23, "::", "::1", "fe80::1", "ff02::fb", "::ffff:192.0.2.53", "2001:db8::53", "2001:db8::53", "fd00::53"))).DNS
	if !slices.Equal(got, addrs("2001:db8::53", "fd00::53")) {
		t.Errorf("got %v", got)
	}
}

// Names as others' clients have let them through to files and shells.
func TestHostileNames(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want []string
	}{
		"compressed":     {"\x03net\x00\x01a\xc0\x00", []string{"net", "a.net"}}, // §10 forbids it, and some do it
		"to itself":      {"\xc0\x00", nil},
		"at each other":  {"\x01a\xc0\x04\x01b\xc0\x00", nil},
		"forward":        {"\x01a\xc0\x04\x01b\x00", nil},
		"cut label":      {"\x03net\x00\x3fab", []string{"net"}},
		"no end":         {"\x03net", nil},
		"root":           {"\x00", nil},
		"only NULs":      {strings.Repeat("\x00", 1000), nil},
		"shell":          {"\x05$(id)\x00\x03net\x00", []string{"net"}},
		"line end":       {"\x0ea\nnameserver x\x00\x03net\x00", []string{"net"}},
		"dot in a label": {"\x03a.b\x00\x03net\x00", []string{"net"}},
		"twice":          {"\x03net\x00\x03net\x00", []string{"net"}},
	} {
		if got := parse(t, reply(dt.Opt(24, []byte(c.wire)...))).Search; !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Lists are cut, what is nested is not followed, and nothing takes long.
func TestFloods(t *testing.T) {
	var dns, names []string
	var many [][]byte
	for i := range 2000 {
		dns, names = append(dns, fmt.Sprintf("2001:db8::%x", i+1)), append(names, fmt.Sprintf("n%d.example", i))
		many = append(many, dt.OptIAAddr(fmt.Sprintf("2001:db8::%x", i+1), 1, 2))
	}
	r := parse(t, reply(dt.OptAddr(23, dns...), dt.OptNames(24, names...), dt.OptIA(iaid, 0, 0, many...)))
	if len(r.DNS) != dhcp6.MaxDNS || len(r.Search) != dhcp6.MaxSearch || len(r.Addrs) != dhcp6.MaxAddrs || r.Addrs[1].Addr != addrs("2001:db8::2")[0] {
		t.Errorf("%d servers, %d names, %d addresses: %v", len(r.DNS), len(r.Search), len(r.Addrs), r.Addrs)
	}
	deep := dt.OptIAAddr("2001:db8::9", 1, 2)
	for range 1000 { // an IA_NA in an address in an IA_NA …
		deep = dt.OptIAAddr("2001:db8::9", 1, 2, dt.OptIA(iaid, 0, 0, deep))
	}
	begin := time.Now()
	if r := parse(t, reply(dt.OptIA(iaid, 0, 0, deep))); len(r.Addrs) != 1 {
		t.Errorf("nested: %v", r.Addrs)
	}
	pointers := append(dt.OptNames(24, strings.Repeat("a.", 120)+"$")[4:], bytes.Repeat([]byte{0xc0, 0}, 32000)...)
	for name, opts := range map[string][][]byte{
		"empty options": {bytes.Repeat(dt.Opt(14), 16000)}, "broken IA_NAs": {bytes.Repeat(dt.OptIA(iaid, 0, 0, []byte{0}), 3500)},
		"broken addresses": {dt.OptIA(iaid, 0, 0, bytes.Repeat(dt.OptIAAddr("2001:db8::9", 1, 2, []byte{0, 13, 0, 9}), 2000))},
		"pointers":         {dt.Opt(24, pointers...)}, "unknown": {bytes.Repeat(dt.Opt(999, 1), 12000)},
	} {
		if r := parse(t, reply(opts...)); r.Addrs != nil || r.Search != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("the floods take %s to parse", d)
	}
}
