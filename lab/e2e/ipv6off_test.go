// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Where IPv6 is off, as it is by default, a container asks for no router and has no
// address, though one is there. Another one, started after it, does and has.
func TestIPv6Off(t *testing.T) {
	s := begin(t)
	s.server6(both)
	dump := s.solicits()
	var off []*container
	for suffix, args := range map[string][]string{
		"bridge": {"--network", s.bridge()},
		"nic":    {"--network", s.macvlan("ipv6=off")},
		"hook":   {"--network", "none", "--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now"},
	} {
		off = append(off, s.run(suffix, args...))
	}
	on := s.run("on", "--network", s.bridge("ipv6=auto", patient))
	on.has6("dhcp", "slaac")
	if mac := on.link("eth0").Address; !dump.has(mac) {
		s.Errorf("%s has asked for no router: the test hears none", mac)
	}
	for _, c := range off {
		c.no6()
		mac := c.link("eth0").Address
		equal(s, "leased's state", leases(s)[mac].State+leases(s)[mac].State6, "BOUND")
		equal(s, c.name+" has asked for a router", dump.has(mac), false)
		s.says6(mac)
	}
}

// heardFrom are the MACs that have sent what a tcpdump looks for.
type heardFrom struct {
	mu   sync.Mutex
	macs []string
}

// solicits are the router solicitations from now on.
func (s *scene) solicits() *heardFrom { return s.from("icmp6 and ip6[40] == 133") }

func (s *scene) from(frames string) *heardFrom {
	s.Helper()
	h := &heardFrom{}
	s.dumpOf(frames, func(line string) {
		if f := strings.Fields(line); len(f) > 1 {
			h.mu.Lock()
			h.macs = append(h.macs, f[1])
			h.mu.Unlock()
		}
	})
	return h
}

func (h *heardFrom) has(mac string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.macs, mac)
}

// A LAN without IPv4: a container starts on IPv6 alone, and asks for nothing else.
func TestIPv6Only(t *testing.T) {
	s := begin(t)
	s.noServer()
	s.start("radvd", radvd(managed, autoconf), router6)
	kea := s.start("kea6", kea6, router6)
	four := s.from("udp dst port 67")
	for where, n := range map[string]string{"bridge": s.bridge("ipv6=only"), "nic": s.macvlan("ipv6=only")} {
		c := s.run(where, "--network", n)
		addrs := c.has6("dhcp", "slaac")
		c.reported(n, addrs)
		e := c.endpoint(n)
		equal(s, "podman's IPv4", e.IPAddress, "")
		equal(s, "the kernel's IPv4", c.link("eth0").ipv4(), nil)
		contains(s, "resolv.conf", c.resolv(), "nameserver 2001:db8::54", "kea6.example")
		kea.has(addrs["dhcp"].Addr().String())
		equal(s, "the container asks for IPv4", four.has(e.MacAddress), false)
		c.remove()
		kea.has()
	}
}

// Nothing but IPv6 will do, and there is none: the start fails as one without DHCP does.
func TestIPv6OnlyWithoutRouter(t *testing.T) {
	s := begin(t)
	s.quarrel = true
	n := s.bridge("ipv6=only", "lease_timeout=3s")
	begun := time.Now()
	s.runFails("", "--network", n)
	if took := time.Since(begun); took < 3*time.Second || took > 6*time.Second {
		s.Errorf("it took %v", took)
	}
	nothingLeft(s)
}

// The container's user has switched IPv6 off. leased says so once and lets it be.
func TestIPv6Disabled(t *testing.T) {
	for _, where := range []string{"all", "eth0"} {
		t.Run(where, func(t *testing.T) {
			s := begin(t)
			s.server6(both)
			n := s.bridge("ipv6=auto")
			begun := time.Now()
			c := s.run("", "--network", n, "--sysctl", "net.ipv6.conf."+where+".disable_ipv6=1")
			if took := time.Since(begun); took > 5*time.Second {
				s.Errorf("the start took %v", took)
			}
			c.bound(n, "eth0")
			c.saysNo6()
			c.no6()
			equal(s, "the sysctl", c.exec("cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6"), "1")
		})
	}
}
