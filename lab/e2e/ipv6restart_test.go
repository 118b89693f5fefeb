// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"slices"
	"testing"
)

// leased goes and comes: the containers keep their addresses, the new one asks whether
// they still belong here (RFC 8415 §18.2.3), and goes on renewing.
func TestIPv6LeasedRestarts(t *testing.T) {
	for name, how := range map[string]func(s *scene, pid string){
		"restart": func(s *scene, _ string) { must(s, "systemctl", "restart", "leased.service") },
		"kill9":   func(s *scene, _ string) { must(s, "systemctl", "kill", "--signal=KILL", "leased.service") },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			kea, c, addr := s.onKea6(kea6)
			pid := leasedPID(s)
			how(s, pid)
			waitLeased(s, pid)
			c.extends(addr)
			equal(s, "the address", c.has6("dhcp")["dhcp"], addr)
			// A renewal may be due before CONFIRM's random delay is over.
			heard(s, "the server, but RENEW", func() []string {
				return slices.DeleteFunc(kea.asked(), func(m string) bool { return m == "RENEW" })
			}, []string{"SOLICIT", "REQUEST", "CONFIRM"})
			c.remove()
			kea.has()
		})
	}
}

// Without DHCPv6 there is nothing to ask, and nothing is lost either.
func TestIPv6LeasedRestartsSLAAC(t *testing.T) {
	s := begin(t)
	s.server6(slaac)
	c := s.run("", "--network", s.macvlan("ipv6=auto", patient))
	before, pid := c.has6("slaac"), leasedPID(s)
	must(s, "systemctl", "restart", "leased.service")
	waitLeased(s, pid)
	equal(s, "the address", c.has6("slaac"), before)
	c.bound(s.name, "eth0")
}

// After a reboot a container comes back by CONFIRM with the address that it had, and
// with the same one of SLAAC.
func TestIPv6Reboot(t *testing.T) {
	s := begin(t)
	s.server6(both)
	n, m := s.bridge("ipv6=auto", patient), s.macvlan("ipv6=auto", patient)
	a, b := s.run("a", "--network", n), s.run("b", "--network", m)
	before := map[*container]any{a: a.has6("dhcp", "slaac"), b: b.has6("dhcp", "slaac")}
	s.reboot(a, b)
	for c, addrs := range before {
		must(s, "podman", "start", c.name)
		equal[any](s, "the addresses", c.has6("dhcp", "slaac"), addrs)
		s.confirms6(c.link("eth0").Address)
	}
}
