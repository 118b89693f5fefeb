// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"bytes"
	"errors"
	"net"
	"slices"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Undo removes everything that a Make with this Spec can have left, also if the process
// was killed in the middle of Make. ns is nil if the container's netns is gone; Undo then
// looks at the host alone. A missing link is not an error. An interface of the same name
// that another program made stays: Undo removes only a veth or macvlan with the MAC of
// the Spec, or a veth on the host with the alias of the Spec. So a veth without a MAC in
// the Spec is known only from its alias, which Make gives it in its second step.
func (h *Host) Undo(ns *netns.NS, s Spec) error {
	var err error
	if ns != nil {
		err = h.undoInside(ns, s)
	}
	err = errors.Join(err, remove(h.conn, s.HostEnd, s.isHostEnd))
	if s.FormerEnd != "" {
		err = errors.Join(err, remove(h.conn, s.FormerEnd, s.isHostEnd))
	}
	return err
}

// undoInside removes the container's end by its final name, and by the name that it has
// on the way there (childByRename).
func (h *Host) undoInside(ns *netns.NS, s Spec) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	macs := h.macs(s)
	isOurs := func(l rtnetlink.Link) bool {
		return slices.ContainsFunc(macs, func(m net.HardwareAddr) bool { return bytes.Equal(m, l.MAC) })
	}
	err = errors.Join(remove(c, s.Interface, isOurs), remove(c, s.HostEnd, isOurs))
	if s.FormerEnd != "" {
		err = errors.Join(err, remove(c, s.FormerEnd, isOurs))
	}
	return err
}

// macs returns the MACs that the container's end can have. In passthru mode it begins
// with that of the parent or of its VLAN device. No other macvlan can have that one.
func (h *Host) macs(s Spec) (macs []net.HardwareAddr) {
	if s.MAC != nil {
		macs = append(macs, s.MAC)
	}
	if s.Mode != "passthru" {
		return macs
	}
	// Without the parent its macvlans are gone as well.
	on, err := h.conn.LinkByName(s.Host)
	if err == nil && on.Kind != "bridge" {
		macs = append(macs, on.MAC)
		if dev, err := h.findDevice(Interface{link: on}, s.VLAN); err == nil {
			macs = append(macs, dev.MAC)
		}
	}
	return macs
}

// isHostEnd reports whether the link with that name is the veth's host end that Make
// makes: it has the MAC from the beginning, and the alias later.
func (s Spec) isHostEnd(l rtnetlink.Link) bool {
	return l.Kind == "veth" && (s.Alias != "" && l.Alias == s.Alias || s.MAC != nil && bytes.Equal(l.MAC, portMAC(s.MAC)))
}
