// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// onKea6 is a container whose router says that there is a DHCPv6 server, and Kea.
func (s *scene) onKea6(kea other) (r *running, c *container, addr netip.Prefix) {
	s.Helper()
	s.start("radvd", radvd(managed, onLink), router6)
	r = s.start("kea6", kea, router6)
	c = s.run("", "--network", s.bridge("ipv6=auto", patient))
	return r, c, c.has6("dhcp")["dhcp"]
}

// valid6 is how long an address lives in the container's kernel, in seconds.
func (c *container) valid6(addr netip.Prefix) int {
	c.s.Helper()
	for _, a := range c.link("eth0").AddrInfo {
		if a.Local == addr.Addr().String() {
			return a.Valid
		}
	}
	return -1
}

// extends waits until an address has a new life, and checks that it is the same one.
func (c *container) extends(addr netip.Prefix) {
	c.s.Helper()
	last := c.valid6(addr)
	eventually(c.s, 15*time.Second, "the lifetime goes up", func() bool {
		now := c.valid6(addr)
		up := now > last
		last = now
		return up
	})
	if last < 25 || last > 30 {
		c.s.Errorf("the address lives %d s in the kernel, and the lease 30 s", last)
	}
	equal(c.s, "the addresses", c.link("eth0").ipv6(), []string{addr.String()})
}

// At T1 a lease is renewed, again and again, and when the container is gone it is
// given back.
func TestIPv6Renewal(t *testing.T) {
	s := begin(t)
	kea, c, addr := s.onKea6(kea6)
	kea.has(addr.Addr().String())
	c.extends(addr)
	c.extends(addr)
	ping(s, addr.Addr().String())
	kea.hears("SOLICIT", "REQUEST", "RENEW")
	c.remove()
	kea.hears("SOLICIT", "REQUEST", "RENEW", "RELEASE")
	kea.has()
}

// The server has gone for good. At T2 the container asks all others, one goes on with
// its address, and it is this one that it asks from then on.
func TestIPv6Rebinding(t *testing.T) {
	s := begin(t)
	first, c, addr := s.onKea6(kea6)
	first.stop()
	kea := s.start("kea6", kea6, place{netns: s.secondServer()})
	eventually(s, 12*time.Second, "REBIND", func() bool { return slices.Contains(kea.asked(), "REBIND") })
	eventually(s, 3*time.Second, "the lease of the second server", func() bool { st, _, _ := c.lease6(); return st.State6 == "BOUND" })
	c.extends(addr)
	ping(s, addr.Addr().String())
	all := kea.asked() // the first one's renewals, unanswered, among them
	equal(s, "what it heard after REBIND", all[slices.Index(all, "REBIND")+1:], []string{"RENEW"})
	kea.has(addr.Addr().String())
	c.remove()
	kea.has()
}

// The server is away until the lease is over: then the container has no address of it,
// in the kernel or elsewhere, and has one when it is back. Its IPv4 goes on.
func TestIPv6LeaseEnds(t *testing.T) {
	s := begin(t)
	kea, c, addr := s.onKea6(kea6For("5", "6"))
	kea.stop()
	eventually(s, 12*time.Second, "the lease is over", func() bool { return len(c.link("eth0").ipv6()) == 0 })
	c.no6addresses()
	kea.begin()
	equal(s, "the address", c.has6("dhcp")["dhcp"], addr)
	c.bound(s.name, "eth0")
}

// Who starts a container again within its grace has the same addresses, and nothing was
// given back. After the grace it is.
func TestIPv6Grace(t *testing.T) {
	s := begin(t)
	s.server6(both)
	n, m := s.defaults("bridge=br0", "ipv6=auto", patient), s.defaults("parent=nic0", "ipv6=auto", patient, "release=1s")
	c, d := s.run("a", "--network", n), s.run("b", "--network", m)
	before, mac, other := c.has6("dhcp", "slaac"), c.link("eth0").Address, d.link("eth0").Address
	must(s, "podman", "stop", "-t", "0", c.name, d.name)
	s.says6(other, "SOLICIT", "REQUEST", "RELEASE")
	must(s, "podman", "start", c.name)
	equal(s, "the addresses", c.has6("dhcp", "slaac"), before)
	s.confirms6(mac)
}
