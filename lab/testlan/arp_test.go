// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
)

// A real host understands what ARP builds, and answers what ARP would.
func TestARPIsAnsweredByAHost(t *testing.T) {
	t.Parallel()
	lan := New(t)
	host := lan.Veth(lan.Container(), "eth0")
	host.NS.Run("ip", "addr", "add", "192.0.2.9/24", "dev", host.Name)
	s := lan.Server(func(Request) []Reply { return nil })
	asker, asked := netip.MustParseAddr("192.0.2.8"), netip.MustParseAddr("192.0.2.9")
	mac := lan.routerMAC() // the bridge passes nothing up for a MAC that only sends
	must(t, s.Send(ARP{Op: 1, SHA: mac, SPA: asker, TPA: asked}.Frame(Broadcast)))
	want := ARP{Op: 2, SHA: host.MAC, SPA: asked, THA: mac, TPA: asker}.Frame(mac)
	copy(want[6:], host.MAC)
	Eventually(t, "the host answers", func() bool {
		return slices.ContainsFunc(s.Frames(), func(f []byte) bool { return slices.Equal(f, want) })
	})
}

func (l *LAN) routerMAC() (mac net.HardwareAddr) {
	l.Router.Netlink(func(h *netlink.Handle) error {
		link, err := h.LinkByName(RouterLink)
		if err == nil {
			mac = link.Attrs().HardwareAddr
		}
		return err
	})
	return mac
}
