// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// squats gives a second host of the LAN an address. It asks nobody.
func (s *scene) squats(addr string) {
	s.Helper()
	must(s, "ip", "-n", s.secondServer(), "address", "add", addr, "dev", "lan0", "nodad")
}

// A machine of the LAN has by hand what the server gives first. Who is given it finds
// that out, says so, and has another one (RFC 8415 §18.2.8).
func TestIPv6AddressConflict(t *testing.T) {
	const taken, next = "2001:db8::100", "2001:db8::101"
	s := begin(t)
	s.squats(taken + "/64")
	s.start("radvd", radvd(managed, onLink), router6)
	kea := s.start("kea6", kea6, router6)
	n := s.bridge("ipv6=auto", patient)
	c := s.run("", "--network", n)
	// Podman was told the first one: the answer does not wait for its neighbours.
	eventually(s, soon, "another address", func() bool { return slices.Equal(c.link("eth0").ipv6(), []string{next + "/128"}) })
	c.has6("dhcp")
	equal(s, "what the server heard", strings.Join(kea.asked()[:5], " "), "SOLICIT REQUEST DECLINE SOLICIT REQUEST")
	kea.has(next)
	contains(s, "leased's log", s.journal(), "IPv6 address in use by another host", taken)
	c.remove()
	kea.has()
}

// The kernel's own address is taken. It has another one by itself (RFC 7217 §6), and so
// the container IPv6.
func TestIPv6LinkLocalConflict(t *testing.T) {
	s := begin(t)
	s.server6(both)
	n := s.macvlan("ipv6=auto", patient)
	c := s.run("", "--network", n)
	addrs := c.has6("dhcp", "slaac")
	first := c.settled6()
	c.remove()
	s.squats(first + "/64")
	c = s.run("", "--network", n)
	eventually(s, 5*time.Second, "the kernel has tried it", func() bool { l := c.settled6(); return l != "" && l != first })
	equal(s, "the addresses", c.has6("dhcp", "slaac"), addrs)
}

// settled6 is the link-local address that the kernel knows to be its own.
func (c *container) settled6() (addr string) {
	c.s.Helper()
	eventually(c.s, 5*time.Second, "a link-local address", func() bool { addr = c.link("eth0").local6(); return addr != "" })
	return addr
}

// Somebody has every address that the kernel tries. IPv4 is as ever, and leased says
// once why there is no IPv6.
func TestIPv6NoLinkLocal(t *testing.T) {
	for where, on := range map[string]string{"bridge": "bridge=br0", "nic": "parent=nic0"} {
		t.Run(where, func(t *testing.T) {
			s := begin(t)
			s.server6(both)
			hog := s.hog()
			begun := time.Now()
			c := s.run("", "--network", s.network(opts(on, []string{"ipv6=auto"})...))
			if took := time.Since(begun); took > 5*time.Second {
				s.Errorf("the start took %v", took)
			}
			e := c.bound(s.name, "eth0")
			c.saysNo6()
			eventually(s, 5*time.Second, "no address", func() bool { return len(c.link("eth0").ipv6()) == 0 })
			c.no6addresses()
			if tried := hog.tried(e.MacAddress); !slices.ContainsFunc(tried, func(a string) bool { return strings.HasPrefix(a, "fe80::") }) {
				s.Errorf("the container has tried %v", tried)
			}
		})
	}
}

// saysNo6 waits for the one line of leased that the container has no IPv6.
func (c *container) saysNo6() {
	c.s.Helper()
	eventually(c.s, 15*time.Second, "leased says that there is no IPv6", func() bool { return c.logged(`msg="no IPv6"`) > 0 })
	c.s.Cleanup(func() { // by then there could have been more
		if n := strings.Count(c.s.journal(), `msg="no IPv6"`); n != 1 {
			c.s.Errorf("leased has said %d times that there is no IPv6", n)
		}
	})
}
