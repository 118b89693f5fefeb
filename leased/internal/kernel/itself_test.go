// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// The host has an address on the NIC, and servers for DHCP; the bridge is within reach.
func TestTheHostItself(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	l := Linux{Host: lan.Host.Open()}
	defer l.Host.Close()
	four, six := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2")
	asked := []netip.Addr{testlan.RouterAddr, four, six, netip.MustParseAddr("2001:db8::1")}
	for _, on := range []string{testlan.HostNIC, testlan.HostBridge, "missing"} {
		if got := l.OutOfReach(on, asked); got != nil || l.Serves(on, false) || l.Serves(on, true) {
			t.Errorf("%s: %v is out of reach, or a server", on, got)
		}
	}
	lan.Host.Run("ip", "address", "add", four.String()+"/24", "dev", testlan.HostNIC)
	lan.Host.Run("ip", "address", "add", six.String()+"/64", "nodad", "dev", testlan.HostNIC)
	lan.Host.Do(func() error {
		for _, at := range []string{"192.0.2.2:67", "[::]:547"} {
			c, err := net.ListenPacket("udp", at)
			if err != nil {
				return err
			}
			t.Cleanup(func() { c.Close() })
		}
		return nil
	})
	if got := l.OutOfReach(testlan.HostNIC, asked); !slices.Equal(got, []netip.Addr{four, six}) {
		t.Errorf("out of reach are %v", got)
	}
	if !l.Serves(testlan.HostNIC, false) || !l.Serves(testlan.HostNIC, true) {
		t.Error("no server is found")
	}
	if got := l.OutOfReach(testlan.HostBridge, asked); got != nil || l.Serves(testlan.HostBridge, false) {
		t.Errorf("on a bridge: %v", got)
	}
}
