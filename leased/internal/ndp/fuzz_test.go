// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// FuzzParse: whatever comes, no panic, and nothing that is outside of what the
// comments promise.
func FuzzParse(f *testing.F) {
	f.Add(golden)
	f.Add(ra(0x18, 0, optionSearch(1, "\x03web\x00\x01a\xc0\x00"), optionDNS(0, "fe80::1", "fd00::1"), []byte{200, 1, 0, 0, 0, 0, 0, 0}))
	f.Add(ra(0xff, 65535, optionPrefix("fd00::", 64, 0xff, Infinite, Infinite), optionSearch(1, "\x05a b\nc\x00")))
	for _, c := range testlan.Captures(f, "testdata") {
		b, _ := rebuild(f, c)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		a, err := Parse(b, router1)
		if !bytes.Equal(b, before) {
			t.Error("input was changed")
		}
		if err == nil {
			checkAdvertisement(t, a)
		}
	})
}

// FuzzRouters: each message is one byte for who sends it, one for the seconds since the
// last, one for its length in eights, flags and lifetime, and options.
func FuzzRouters(f *testing.F) {
	message := func(from, wait byte, icmp []byte) []byte {
		options := icmp[headLen:]
		return append([]byte{from, wait, byte(len(options) / 8), icmp[5], icmp[6], icmp[7]}, options...)
	}
	f.Add(append(message(1, 0, golden), message(2, 9, ra(0x40, 5, optionDNS(7, "fd00::1")))...))
	f.Add(append(message(1, 0, golden), message(1, 200, ra(0, 0, optionPrefix("2001:db8:1:2::", 64, 0x40, 0, 0)))...))
	for _, c := range testlan.Captures(f, "testdata") {
		if b, _ := rebuild(f, c); len(b) > headLen {
			f.Add(message(1, 1, b))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Routers
		now := at(0)
		for len(b) >= 6 {
			n := min(6+int(b[2])*8, len(b))
			icmp := append([]byte{134, 0, 0, 0, 0, b[3], b[4], b[5], 0, 0, 0, 0, 0, 0, 0, 0}, b[6:n]...)
			now = now.Add(time.Duration(b[1]) * time.Second)
			a, err := Parse(icmp, netip.AddrFrom16([16]byte{0xfe, 0x80, 15: b[0]}))
			b = b[n:]
			if err != nil {
				continue
			}
			told := r.told
			if changed := r.Heard(now, a); changed == told.equal(r.outlook(now)) {
				t.Errorf("changed is %v", changed)
			}
			checkRouters(t, &r, now)
		}
	})
}
