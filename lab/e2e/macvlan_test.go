// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import "testing"

func TestMacvlan(t *testing.T) {
	for _, mode := range []string{"", "bridge", "private", "vepa", "passthru"} {
		t.Run("mode"+mode, func(t *testing.T) {
			s := begin(t)
			n := s.macvlan()
			want := "bridge"
			if mode != "" {
				n, want = s.macvlan("mode="+mode), mode
			}
			c := s.run("", "--network", n)
			e := c.bound(n, "eth0")
			equal(s, "podman's gateway", e.Gateway, router)
			c.hasRoutes("default via 192.0.2.1 dev eth0 metric 90")
			info := c.link("eth0").LinkInfo
			equal(s, "the link", info.Kind+" "+info.Data.Mode, "macvlan "+want)
			s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
			c.remove()
			s.says(e.MacAddress, "RELEASE "+e.IPAddress)
		})
	}
}

func TestMacvlanSiblings(t *testing.T) {
	s := begin(t)
	for mode, reach := range map[string]bool{"bridge": true, "private": false} {
		n := s.macvlan("mode=" + mode)
		a, b := s.run(mode+"a", "--network", n), s.run(mode+"b", "--network", n)
		if a.reaches(b.endpoint(n).IPAddress) != reach {
			s.Errorf("mode=%s: a reaches b: not %v", mode, reach)
		}
	}
}

func TestPassthruIsForOne(t *testing.T) {
	s := begin(t)
	before := hostLink(s, "nic0").Address
	n := s.macvlan("mode=passthru")
	c := s.run("a", "--network", n)
	contains(s, "the error", s.runFails("b", "--network", n), "nic0", "already", "stop it")
	c.bound(n, "eth0")
	c.remove()
	equal(s, "the parent's MAC", hostLink(s, "nic0").Address, before)
}
