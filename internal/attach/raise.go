// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// maxLayers bounds how many VLANs lie on each other; Linux allows 8.
const maxLayers = 9

// raise brings a bridge or parent up: whoever names it wants to use it, and a NIC without an
// address of the host is often down after a boot. The kernel wants the interface below a VLAN
// to be up first. raise returns the interface as it is then.
func (h *Host) raise(on Interface, s Spec) (Interface, error) {
	if !s.Raise {
		return on, fmt.Errorf("%s is down; %s", s.Host, atBoot(on.Name()))
	}
	for _, l := range slices.Backward(h.layers(on.link)) {
		if l.Flags&unix.IFF_UP != 0 {
			continue
		}
		if err := change(h.conn, numbered(l.Index), unix.IFF_UP); err != nil {
			return on, fmt.Errorf("%s is down and cannot be brought up: %w; %s", l.Name, err, atBoot(l.Name))
		}
	}
	link, err := h.conn.LinkByIndex(on.link.Index)
	if err != nil {
		return on, fmt.Errorf("find %s: %w", s.Host, err)
	}
	on.link = link
	return on, nil
}

// layers returns the link and those below it that it needs to be up.
func (h *Host) layers(l rtnetlink.Link) []rtnetlink.Link {
	all := []rtnetlink.Link{l}
	for l.Kind == "vlan" && l.Lower != 0 && len(all) < maxLayers {
		below, err := h.conn.LinkByIndex(l.Lower)
		if err != nil {
			break // the kernel says what is missing
		}
		l = below
		all = append(all, l)
	}
	return all
}

// atBoot says how to have an interface up after each boot.
func atBoot(name string) string {
	return fmt.Sprintf("to have it up after each boot: for NetworkManager, nmcli connection add type ethernet ifname %s "+
		"ipv4.method disabled ipv6.method disabled; for systemd-networkd, a .network file with [Match] Name=%s and [Link] ActivationPolicy=up", name, name)
}
