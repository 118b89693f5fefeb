// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// squatter gives a host of the LAN the address that the server offers first. Neither
// the server knows nor leased, which would remember it for five minutes.
func (s *scene) squatter() (mac string) {
	s.Helper()
	must(s, "systemctl", "stop", "leased.service")
	must(s, "lan", "forget")
	s.server(squatted...)
	second := s.secondServer()
	must(s, "ip", "-n", second, "address", "add", taken+"/24", "dev", "lan0")
	return mustJSON[[]link](s, "ip", "-n", second, "-j", "link", "show", "lan0")[0].Address
}

var squatted = []string{"--dhcp-sequential-ip", "--dhcp-range=192.0.2.70,192.0.2.79,255.255.255.0,2m"}

const (
	taken = "192.0.2.70"
	next  = "192.0.2.71"
)

// A machine of the LAN has an address of the pool by hand. Who is offered it asks for
// it to be set aside (RFC 2131 §3.1(5)), and has the next one at once, not after 10 s.
func TestAddressConflict(t *testing.T) {
	for name, check := range map[string]struct {
		on     string
		option string
		within time.Duration
	}{
		"bridge":  {"bridge=br0", "quick", 5 * time.Second},
		"macvlan": {"parent=nic0", "quick", 5 * time.Second},
		"rfc5227": {"bridge=br0", "rfc5227", 13 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			foe := s.squatter()
			n := s.network(opts(check.on, []string{"conflict_check=" + check.option, "lease_timeout=20s"})...)
			begun := time.Now()
			c := s.run("", "--network", n)
			if took := time.Since(begun); took > check.within {
				s.Errorf("the start took %v", took)
			}
			// Podman may have been told the first one: the answer does not wait for ARP.
			e := c.endpoint(n)
			equal(s, "the addresses", c.link("eth0").ipv4(), []string{next + "/24"})
			equal(s, "leased's address", leases(s)[e.MacAddress].Lease.Address.String(), next+"/24")
			if check.option == "rfc5227" {
				c.bound(n, "eth0")
			}
			s.says(e.MacAddress, append(append(dora(taken, c.name), "DECLINE "+taken+" address is in use by "+foe), dora(next, c.name)...)...)
			contains(s, "leased's log", s.journal(), "address is in use", taken, foe)
			c.remove()
			s.says(e.MacAddress, "RELEASE "+next)
		})
	}
}

func TestConflictUnchecked(t *testing.T) {
	s := begin(t)
	s.squatter()
	n := s.bridge("conflict_check=off")
	c := s.run("", "--network", n)
	e := c.endpoint(n)
	equal(s, "the address", c.link("eth0").ipv4(), []string{taken + "/24"})
	equal(s, "leased's state", leases(s)[e.MacAddress].State, "BOUND")
	s.says(e.MacAddress, dora(taken, c.name)...)
	equal(s, "leased's log has a conflict", strings.Contains(s.journal(), "address is in use"), false)
}

// The server has forgotten what was declined, as dnsmasq does when it is restarted,
// and offers the address to another container, which is to get over it as well.
func TestConflictAgain(t *testing.T) {
	s := begin(t)
	s.squatter()
	n := s.bridge()
	s.run("a", "--network", n).remove()
	must(s, "lan", "forget")
	s.server(squatted...)
	c := s.run("b", "--network", n)
	e := c.endpoint(n)
	s.says(e.MacAddress, append(append(dora(taken, c.name), "DECLINE "+taken+" address is in use by another host"), dora(next, c.name)...)...)
	equal(s, "the address", c.link("eth0").ipv4(), []string{next + "/24"})
}
