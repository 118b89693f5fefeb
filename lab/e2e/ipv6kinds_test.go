// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net/netip"
	"strings"
	"testing"
)

// kinds are the LAN server's ways to give IPv6: what a container has of each, and what
// the server has heard when it is gone.
var kinds = map[string]struct {
	mode    string
	sources []string
	asked   []string
}{
	"slaac":     {slaac, []string{"slaac"}, nil},
	"stateless": {stateless, []string{"slaac"}, []string{"INFORMATION-REQUEST"}},
	"stateful":  {stateful, []string{"dhcp"}, []string{"SOLICIT", "REQUEST", "RELEASE"}},
	"both":      {both, []string{"dhcp", "slaac"}, []string{"SOLICIT", "REQUEST", "RELEASE"}},
}

// placed6 checks that addresses are where their sources take them from: DHCPv6 says
// nothing of a prefix (RFC 8415 §21.6).
func placed6(s *scene, addrs map[string]netip.Prefix) {
	s.Helper()
	if a, ok := addrs["dhcp"]; ok {
		in6(s, "the address of DHCPv6", a, pool6)
		equal(s, "its prefix length", a.Bits(), 128)
	}
	if a, ok := addrs["slaac"]; ok {
		in6(s, "the address of SLAAC", a, prefix6)
		equal(s, "its prefix length", a.Bits(), prefix6.Bits())
	}
}

// Podman, the kernel, leased and the server agree on a container's addresses, which
// are there when it starts.
func TestIPv6(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.server6(k.mode)
			for where, n := range map[string]string{
				"bridge": s.network("--ipv6", "-o", "bridge=br0", "-o", "release=now", "-o", patient),
				"nic":    s.macvlan("ipv6=auto", patient),
			} {
				c := s.run(where, "--network", n)
				mac := c.bound(n, "eth0").MacAddress
				addrs := c.has6(k.sources...)
				c.reported(n, addrs)
				placed6(s, addrs)
				contains(s, "resolv.conf", c.resolv(), "nameserver 2001:db8::53", "v6.example")
				c.remove()
				s.says6(mac, k.asked...)
			}
		})
	}
}

// The same of the hook, which has no one to report to. Who has resolv.conf to itself
// may have the names later than the start.
func TestIPv6Hook(t *testing.T) {
	s := begin(t)
	s.server6(both)
	for _, on := range []string{"bridge=br0", "parent=nic0"} {
		args := []string{"--network", "none"}
		for _, a := range []string{on, "ipv6=auto", "release=now", patient} {
			args = append(args, "--annotation", "io.leased."+a)
		}
		c := s.run(on[:3], args...)
		placed6(s, c.has6("dhcp", "slaac"))
		contains(s, "resolv.conf", c.resolv(), "nameserver 2001:db8::53", "v6.example")
		mac := c.link("eth0").Address
		must(s, "podman", "stop", "-t", "0", c.name)
		s.says6(mac, "SOLICIT", "REQUEST", "RELEASE")
	}
}

// One kind only, where the LAN has both.
func TestIPv6OneKind(t *testing.T) {
	s := begin(t)
	s.server6(both)
	for kind, asked := range map[string][]string{"slaac": nil, "dhcp": {"SOLICIT", "REQUEST", "RELEASE"}} {
		n := s.bridge("ipv6="+kind, patient)
		c := s.run(kind, "--network", n)
		addrs := c.has6(kind)
		c.reported(n, addrs)
		placed6(s, addrs)
		mac := c.link("eth0").Address
		c.remove()
		s.says6(mac, asked...)
	}
}

// An address of the user's choice, which the server is free to give.
func TestIPv6Chosen(t *testing.T) {
	const chosen = "2001:db8::142"
	s := begin(t)
	s.server6(stateful)
	n := s.bridge("ipv6=auto", patient)
	c := s.run("", "--network", n+":ip6="+chosen)
	equal(s, "the address", c.has6("dhcp")["dhcp"].String(), chosen+"/128")
}

// A container that is created anew is who it was: of either source it has the address
// that it had, though the server has it back in between.
func TestIPv6CreatedAnew(t *testing.T) {
	s := begin(t)
	s.server6(both)
	n := s.macvlan("ipv6=auto", patient)
	var first string
	for range 2 {
		c := s.run("", "--network", n, "--rm")
		addrs := c.has6("dhcp", "slaac")
		now := addrs["dhcp"].String() + " " + addrs["slaac"].String()
		if first == "" {
			first = now
		}
		equal(s, "the addresses", now, first)
		mac := c.link("eth0").Address
		must(s, "podman", "stop", "-t", "0", c.name)
		eventually(s, soon, "the address is given back", func() bool { return strings.HasSuffix(strings.Join(s.asked6(mac), " "), "RELEASE") })
	}
}
