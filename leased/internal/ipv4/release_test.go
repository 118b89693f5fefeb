// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"net/netip"
	"testing"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// A RELEASE goes to the server on the LAN, or by the router that leads to it.
func TestHop(t *testing.T) {
	t.Parallel()
	route := func(dst, via string) dhcp4.Route {
		r := dhcp4.Route{Dst: netip.MustParsePrefix(dst)}
		r.Via, _ = netip.ParseAddr(via)
		return r
	}
	for server, want := range map[string]string{
		"192.0.2.1":    "192.0.2.1",   // on the LAN
		"203.0.113.5":  "192.0.2.254", // by the longest route
		"198.51.100.9": "192.0.2.253", // by the default route
		"10.1.1.1":     "10.1.1.1",    // on the link, by a route without a router
		"10.9.9.9":     "192.0.2.253",
	} {
		l := lease4.Lease{Addr: netip.MustParsePrefix("192.0.2.9/24"), Routes: []dhcp4.Route{
			route("0.0.0.0/0", "192.0.2.253"), route("203.0.113.0/24", "192.0.2.254"), route("10.1.0.0/16", ""),
		}}
		if got := hop(netip.MustParseAddr(server), l).String(); got != want {
			t.Errorf("to %s by %s, want %s", server, got, want)
		}
	}
	if got := hop(netip.MustParseAddr("198.51.100.9"), lease4.Lease{}).String(); got != "198.51.100.9" {
		t.Errorf("without a lease by %s", got)
	}
}
