// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// The router is another one every few seconds: first it knows of no DHCPv6, then of one
// for other information, then of one for addresses. The container follows, and nobody
// has to tell it. What it has had of SLAAC it keeps.
func TestIPv6FlagsChange(t *testing.T) {
	s := begin(t)
	kea := s.start("kea6", kea6, router6)
	r := s.start("radvd", radvd(autoconf, rdnss), router6)
	c := s.run("", "--network", s.bridge("ipv6=auto", patient))
	before := c.has6("slaac")
	contains(s, "resolv.conf", c.resolv(), "nameserver 2001:db8::53", "ra.example")
	kea.hears()
	r.becomes(radvd(otherInfo, autoconf))
	kea.hears("INFORMATION_REQUEST")
	eventually(s, soon, "the names of Kea", func() bool {
		return strings.Contains(c.resolv(), "nameserver 2001:db8::54") && strings.Contains(c.resolv(), "kea6.example")
	})
	r.becomes(radvd(managed, autoconf))
	after := c.has6("dhcp", "slaac")
	equal(s, "the address of SLAAC", after["slaac"], before["slaac"])
	kea.has(after["dhcp"].Addr().String())
	c.remove()
	kea.has()
}

// The router says that there is a DHCPv6 server, and there is none. The container has
// started by then, and has its address as soon as there is one.
func TestIPv6ServerComesLater(t *testing.T) {
	s := begin(t)
	s.start("radvd", radvd(managed, autoconf), router6)
	c := s.run("", "--network", s.macvlan("ipv6=auto"))
	c.bound(s.name, "eth0")
	c.has6("slaac")
	st, _, _ := c.lease6()
	equal(s, "leased's state", st.State6, "SOLICITING")
	kea := s.start("kea6", kea6, router6)
	kea.has(c.has6("dhcp", "slaac")["dhcp"].Addr().String())
}

// There is no router when the container starts: its IPv4 waits no longer than it is
// told to. Then there is one.
func TestIPv6RouterComesLater(t *testing.T) {
	s := begin(t)
	n := s.bridge("ipv6=auto")
	begun := time.Now()
	c := s.run("", "--network", n)
	if took := time.Since(begun); took > 4*time.Second {
		s.Errorf("the start took %v", took)
	}
	c.bound(n, "eth0")
	c.no6()
	s.server6(both)
	placed6(s, c.has6("dhcp", "slaac"))
	c.bound(n, "eth0")
}

// The LAN gets another prefix. The old address is deprecated at once and goes with its
// lifetime, the new one is preferred; leased and the kernel say the same.
func TestIPv6Renumbering(t *testing.T) {
	const gateway = "2001:db8:0:2::1/64"
	one := func(n, valid, preferred string) string {
		return "prefix 2001:db8:0:" + n + "::/64 { AdvValidLifetime " + valid + "; AdvPreferredLifetime " + preferred + "; }; "
	}
	s := begin(t)
	s.router6Has("2001:db8:0:1::1/64")
	s.router6Has(gateway)
	r := s.start("radvd", radvd(one("1", "10", "10")), router6)
	c := s.run("", "--network", s.bridge("ipv6=auto", patient))
	old := c.has6("slaac")["slaac"]
	in6(s, "the first address", old, netip.MustParsePrefix("2001:db8:0:1::/64"))
	r.becomes(radvd(one("1", "10", "0"), one("2", "600", "300")))
	var now netip.Prefix
	eventually(s, soon, "another address is preferred", func() bool {
		_, preferred, all := c.lease6()
		now = preferred["slaac"]
		return now.IsValid() && now != old && len(all) == 2 && slices.Equal(all, c.link("eth0").ipv6())
	})
	in6(s, "the second address", now, netip.MustParsePrefix("2001:db8:0:2::/64"))
	for _, a := range c.link("eth0").AddrInfo {
		if a.Family == "inet6" && a.Deprecated != (a.Local == old.Addr().String()) {
			s.Errorf("%+v", a)
		}
	}
	r.becomes(radvd(one("2", "600", "300")))
	eventually(s, 14*time.Second, "the old address goes", func() bool { return len(c.link("eth0").ipv6()) == 1 })
	equal(s, "the address", c.has6("slaac")["slaac"], now)
}

// router6Has gives the router an address until the scene ends.
func (s *scene) router6Has(addr string) {
	s.Helper()
	must(s, "ip", "-n", "router", "address", "add", addr, "dev", "lan0", "nodad")
	s.Cleanup(func() { must(s, "ip", "-n", "router", "address", "del", addr, "dev", "lan0") })
}
