// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"slices"
	"testing"
	"unsafe"

	"podman-net-dhcp/leased/internal/dhcp4"
)

// saidByLease is what a lease says beside its address and times.
type saidByLease struct {
	routes []dhcp4.Route
	dns    []netip.Addr
	domain string
	search []string
}

func saying(dns ...string) (s saidByLease) {
	for _, a := range dns {
		s.dns = append(s.dns, netip.MustParseAddr(a))
	}
	s.domain = string([]byte("example.net"))
	return s
}

// Leases of a LAN that say the same have it in the same memory; others keep their words.
func TestShare(t *testing.T) {
	inWorld(t, func(w *world) {
		a, b := w.member(1), w.member(2)
		one, same, other := saying("192.0.2.53"), saying("192.0.2.53"), saying("192.0.2.53", "192.0.2.54")
		a.Share(&one.routes, &one.dns, &one.domain, &one.search)
		b.Share(&same.routes, &same.dns, &same.domain, &same.search)
		if &one.dns[0] != &same.dns[0] || unsafe.StringData(one.domain) != unsafe.StringData(same.domain) {
			t.Error("two copies of the same")
		}
		b.Share(&other.routes, &other.dns, &other.domain, &other.search)
		if !slices.Equal(other.dns, saying("192.0.2.53", "192.0.2.54").dns) || len(one.dns) != 1 || cap(one.dns) != 1 {
			t.Errorf("%v, %v", one.dns, other.dns)
		}
		if other.routes != nil || other.search != nil {
			t.Error("a list that was not there")
		}
	})
}
