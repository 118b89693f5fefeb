// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// onLink is the option of a prefix that is on the link, 2001:db8:0:N::/64, without SLAAC.
func onLink(n, valid uint32) []byte {
	o := make([]byte, prefixLen)
	o[0], o[1], o[2], o[3] = optPrefix, prefixLen/8, 64, 0x80
	binary.BigEndian.PutUint32(o[4:], valid)
	addr := netip.MustParseAddr("2001:db8::").As16()
	binary.BigEndian.PutUint16(addr[6:], uint16(n))
	copy(o[16:], addr[:])
	return o
}

// The kernel has a route for each router and each prefix. More of them than are kept here
// are a flood, and news; what is kept is not, however often it is said.
func TestFlood(t *testing.T) {
	for name, said := range map[string]func(n uint32) (from netip.Addr, icmp []byte){
		"prefixes of one router": func(n uint32) (netip.Addr, []byte) { return router1, ra(0, 1800, onLink(n, Infinite)) },
		"no default router":      func(n uint32) (netip.Addr, []byte) { return router1, ra(0, 0, onLink(n, Infinite)) },
		"a router of a moment":   func(n uint32) (netip.Addr, []byte) { return router1, ra(0, 1, onLink(n, 86400)) },
		"routers": func(n uint32) (netip.Addr, []byte) {
			from := router1.As16()
			from[14] = byte(n)
			return netip.AddrFrom16(from), ra(0, 1800)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s Routers
			hear := func(n int64, which uint32) {
				from, icmp := said(which)
				a, err := Parse(icmp, from)
				if err != nil {
					t.Fatal(err)
				}
				s.Heard(at(n), a)
			}
			for n := range uint32(MaxPrefixes) {
				hear(int64(2*n), n)
				hear(int64(2*n), n)
			}
			if s.Says(at(40)).Flood {
				t.Errorf("a flood, with %d of them", MaxPrefixes)
			}
			from, icmp := said(MaxPrefixes)
			if a, err := Parse(icmp, from); err != nil || !s.Heard(at(50), a) || !s.Says(at(50)).Flood {
				t.Errorf("no flood, or no news, with one more: %v", err)
			}
			over := at(50).Add(floodRest)
			if next := s.Deadline(over - 1); next != over || !s.Flooded(over-1) || s.Says(over).Flood {
				t.Errorf("the flood is over at %v, want %v", next, over)
			}
		})
	}
}

func TestFloodInOneAdvertisement(t *testing.T) {
	var options [][]byte
	for n := range uint32(MaxPrefixes) {
		options = append(options, onLink(n, 3600))
	}
	for _, more := range []uint32{0, 1} {
		if more > 0 {
			options = append(options, onLink(99, 3600))
		}
		var s Routers
		a, err := Parse(ra(0, 1800, options...), router1)
		if err != nil || a.Excess != (more > 0) || !s.Heard(at(0), a) || s.Flooded(at(1)) != (more > 0) {
			t.Errorf("%d prefixes and %d more: %v, %v", MaxPrefixes, more, s.Says(at(1)), err)
		}
	}
}
