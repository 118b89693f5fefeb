// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// A macvlan does not reach the addresses that the host has on its NIC, unless the host has a
// macvlan there, too.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	const nic, bridge = testlan.HostNIC, testlan.HostBridge
	four, six := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("2001:db8::7")
	both := "address add 198.51.100.1/24 dev " + nic + "\naddress add 2001:db8::7/64 nodad dev " + nic
	for what, c := range map[string]struct {
		on, commands string
		want         []netip.Addr
	}{
		"no address":        {nic, "", nil},
		"addresses":         {nic, both, []netip.Addr{four, six}},
		"a peer's":          {nic, "address add 198.51.100.9 peer 198.51.100.1 dev " + nic, nil},
		"one with a peer":   {nic, "address add 198.51.100.1 peer 198.51.100.9 dev " + nic, []netip.Addr{four}},
		"on another link":   {nic, "address add 198.51.100.1/24 dev " + bridge, nil},
		"of a bridge":       {bridge, "address add 198.51.100.1/24 dev " + bridge, nil},
		"beside a macvlan":  {nic, both + "\nlink add mv0 link " + nic + " type macvlan mode bridge\nlink set mv0 up", nil},
		"a macvlan's, down": {nic, both + "\nlink add mv0 link " + nic + " type macvlan mode bridge", []netip.Addr{four, six}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			for line := range strings.Lines(c.commands) {
				l.Host.Run(append([]string{"ip"}, strings.Fields(line)...)...)
			}
			i, err := l.host.Find(c.on)
			if err != nil {
				t.Fatal(err)
			}
			got, err := l.host.OutOfReach(i, []netip.Addr{four, six, netip.MustParseAddr("192.0.2.1")})
			if slices.SortFunc(got, netip.Addr.Compare); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}
