// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// A NIC of the host that a container may take over is one that the host does not use.
func TestUses(t *testing.T) {
	t.Parallel()
	const nic = testlan.HostNIC
	for what, c := range map[string]struct{ commands, want string }{
		"nothing":            {"", ""},
		"link-local address": {"address add fe80::1/64 dev " + nic, ""},
		"others' addresses":  {"address add 198.51.100.1/24 dev " + testlan.HostBridge, ""},
		"others' default":    {"address add 198.51.100.1/24 dev " + testlan.HostBridge + "\nroute add default via 198.51.100.2", ""},
		"address":            {"address add 198.51.100.1/24 dev " + nic, "the host has the address 198.51.100.1 on it"},
		"IPv6 address":       {"address add 2001:db8::7/64 dev " + nic, "the host has the address 2001:db8::7 on it"},
		"default route":      {"route add default dev " + nic, "the host's default route leads through it"},
		"IPv6 default route": {"-6 route add default via fe80::9 dev " + nic, "the host's default route leads through it"},
		"a macvlan":          {"link add mv0 link " + nic + " type macvlan", "the host has mv0 on it"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			for line := range strings.Lines(c.commands) {
				l.Host.Run(append([]string{"ip"}, strings.Fields(line)...)...)
			}
			i, err := l.host.Find(nic)
			if err != nil {
				t.Fatal(err)
			}
			if use, err := l.host.Uses(i); err != nil || use != c.want {
				t.Errorf("%q, %v; want %q", use, err, c.want)
			}
		})
	}
}
