// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// leases is what leased knows, by MAC.
func leases(t testing.TB) map[string]leaseapi.Status {
	t.Helper()
	all := map[string]leaseapi.Status{}
	for _, st := range parseLines[leaseapi.Status](t, must(t, "leased", "ls", "--json")) {
		all[st.Link.MAC] = st
	}
	return all
}

// noLeases waits until leased knows of none.
func (s *scene) noLeases() {
	s.Helper()
	eventually(s, 2*time.Second, "leased has no lease", func() bool { return len(leases(s)) == 0 })
}

// bound checks that Podman, the kernel, leased and the server agree on the
// container's address on a network, and that the LAN reaches it.
func (c *container) bound(network, ifname string) endpoint {
	c.s.Helper()
	e := c.endpoint(network)
	equal(c.s, "podman's prefix length", e.IPPrefixLen, 24)
	l := c.link(ifname)
	equal(c.s, "the kernel's MAC", l.Address, e.MacAddress)
	equal(c.s, "the link's state", l.OperState, "UP")
	equal(c.s, "the kernel's addresses", l.ipv4(), []string{e.IPAddress + "/24"})
	if v := l.valid(); v <= lease/2 || v > lease {
		c.s.Errorf("the address lives %d s in the kernel, and the lease %d s", v, lease)
	}
	equal(c.s, "the server's address", table(c.s)[e.MacAddress].addr, e.IPAddress)
	st := leases(c.s)[e.MacAddress]
	equal(c.s, "leased's network and interface", st.Attachment.Network+" "+st.Attachment.Interface, network+" "+ifname)
	equal(c.s, "leased's state", st.State, "BOUND")
	if st.Lease == nil || st.Lease.Address.String() != e.IPAddress+"/24" {
		c.s.Errorf("leased knows of %+v, want %s", st.Lease, e.IPAddress)
	}
	ping(c.s, e.IPAddress)
	return e
}
