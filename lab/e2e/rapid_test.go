// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import "testing"

// A server that commits rapidly (RFC 4039) has one round trip; another one, two.
func TestRapidCommit(t *testing.T) {
	for name, rapid := range map[string]bool{"server": true, "server-without": false} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			if rapid {
				s.server("--dhcp-rapid-commit")
			}
			for _, n := range []string{s.bridge("rapid_commit=true"), s.macvlan("rapid_commit=true")} {
				c := s.run(n, "--network", n)
				e := c.bound(n, "eth0")
				want := dora(e.IPAddress, c.name)
				if rapid {
					want = []string{want[0], want[3]}
				}
				s.says(e.MacAddress, want...)
				c.remove()
				s.says(e.MacAddress, "RELEASE "+e.IPAddress)
			}
		})
	}
}
