// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"bytes"
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
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
	return errors.Join(err, h.undoHostEnd(s))
}

// undoInside removes the container's end by its final name, and by the name that it has
// on the way there (childByRename).
func (h *Host) undoInside(ns *netns.NS, s Spec) error {
	var errs []error
	for _, mac := range h.macs(s) {
		errs = append(errs, Delete(ns, s.Interface, mac), Delete(ns, s.HostEnd, mac))
	}
	return errors.Join(errs...)
}

// macs returns the MACs that the container's end can have. In passthru mode it begins
// with the parent's. No other macvlan can have that one.
func (h *Host) macs(s Spec) (macs []net.HardwareAddr) {
	if s.MAC != nil {
		macs = append(macs, s.MAC)
	}
	if s.Mode != "passthru" {
		return macs
	}
	// Without the parent its macvlans are gone as well.
	on, err := h.get(named(s.Host))
	if err == nil && on.Type() != "bridge" {
		macs = append(macs, on.Attrs().HardwareAddr)
	}
	return macs
}

// undoHostEnd removes the veth's host end. The container's end goes with it.
func (h *Host) undoHostEnd(s Spec) error {
	link, err := h.get(named(s.HostEnd))
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", s.HostEnd, err)
	}
	if !isHostEnd(link, s) {
		return nil
	}
	if err := h.drop(s.HostEnd); err != nil && !gone(err) {
		return fmt.Errorf("delete %s: %w", s.HostEnd, err)
	}
	return nil
}

// isHostEnd reports whether the link is the host's end that Make makes: it has the MAC
// from the beginning, and the alias later.
func isHostEnd(link netlink.Link, s Spec) bool {
	a := link.Attrs()
	return link.Type() == "veth" &&
		(s.Alias != "" && a.Alias == s.Alias || s.MAC != nil && bytes.Equal(a.HardwareAddr, portMAC(s.MAC)))
}
