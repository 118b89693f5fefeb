// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// RFC 4861 §4.4: overriding, unsolicited, with the target's link-layer address.
func TestNeighbourAdvertisementByByte(t *testing.T) {
	t.Parallel()
	want := fix6([]byte{
		0x60, 0, 0, 0, 0, 32, 58, 255,
		0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		136, 0, 0, 0, 0x20, 0, 0, 0,
		0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
		2, 1, 2, 1, 2, 3, 4, 5,
	})
	if got := buildNeighbour(net.HardwareAddr{2, 1, 2, 3, 4, 5}, netip.MustParseAddr("2001:db8::9")); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// A neighbour that knows the address at another MAC takes the new one.
func TestAdvertiseIsBelieved(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		addr := netip.MustParseAddr("2001:db8::9")
		lan.Router.Run("ip", "addr", "add", "2001:db8::1/64", "dev", testlan.RouterLink, "nodad")
		lan.Router.Run("ip", "neigh", "replace", addr.String(), "lladdr", "02:00:00:00:00:99", "dev", testlan.RouterLink, "nud", "stale")
		must(t, Advertise(link.NS.Open(), link.Index, link.MAC, addr))
		testlan.Eventually(t, "the neighbour's new entry", func() bool {
			return strings.Contains(lan.Router.Run("ip", "neigh", "show", addr.String()), link.MAC.String())
		})
		if err := Advertise(link.NS.Open(), link.Index, link.MAC, netip.MustParseAddr("192.0.2.1")); err == nil {
			t.Error("advertised an IPv4 address")
		}
		link.Set("down")
		wantError(t, Advertise(link.NS.Open(), link.Index, link.MAC, addr), ErrLinkDown)
		link.Delete()
		wantError(t, Advertise(link.NS.Open(), link.Index, link.MAC, addr), ErrLinkGone)
	})
}

func TestAdvertiseOnTheWire(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		link.NS.Sysctl("net/ipv6/conf/all/disable_ipv6", "1")
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		addr := netip.MustParseAddr("2001:db8::9")
		must(t, Advertise(link.NS.Open(), link.Index, link.MAC, addr))
		want := append(append([]byte{0x33, 0x33, 0, 0, 0, 1}, link.MAC...), 0x86, 0xdd)
		want = append(want, buildNeighbour(link.MAC, addr)...)
		testlan.Eventually(t, "the advertisement", func() bool {
			return slices.ContainsFunc(s.Frames(), func(f []byte) bool { return bytes.Equal(f, want) })
		})
	})
}
