// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// VLAN puts the router into a VLAN of the LAN, with an address, and returns the name of its
// interface there. The test is skipped where the kernel has no VLAN devices.
func (l *LAN) VLAN(t testing.TB, id int, addr netip.Prefix) string {
	t.Helper()
	var absent bool
	name := fmt.Sprintf("%s.%d", RouterLink, id)
	l.Router.Netlink(func(h *netlink.Handle) error {
		on, err := h.LinkByName(RouterLink)
		if err != nil {
			return err
		}
		dev := &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: name, ParentIndex: on.Attrs().Index}, VlanId: id}
		if err = h.LinkAdd(dev); err != nil {
			if absent = errors.Is(err, unix.EOPNOTSUPP); absent {
				return nil
			}
			return err
		}
		ip := &net.IPNet{IP: addr.Addr().AsSlice(), Mask: net.CIDRMask(addr.Bits(), addr.Addr().BitLen())}
		if err := h.AddrAdd(dev, &netlink.Addr{IPNet: ip}); err != nil {
			return err
		}
		return h.LinkSetUp(dev)
	})
	if absent {
		t.Skip("this kernel has no VLAN devices")
	}
	return name
}
