// SPDX-License-Identifier: Apache-2.0

// Package attach is step 5 of the way of a lease: it makes the container's link, a veth
// into a bridge or a macvlan child of a NIC. The link is made directly inside the
// container's netns with its final name, MAC and MTU, and up. The package also removes
// the link. If it cannot finish, it undoes its steps.
package attach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Spec describes the link to make.
type Spec struct {
	Host    string // the bridge or parent, by name
	Mode    string // of a macvlan: bridge, private, vepa, passthru
	Isolate bool   // of a bridge port
	Guard   bool   // of a bridge port: Host.Guard is called for it
	VLAN    int    // the only VLAN that the link is in, by its 802.1Q id; 0: as the bridge or parent has it

	// Raise brings the bridge or parent up if it is down.
	Raise bool
	// Patience is how long Make waits until spanning tree lets the port forward. If that takes
	// longer, Make fails, or with Impatient leaves the port to itself.
	Patience  time.Duration
	Impatient bool

	Interface string           // name in the container
	MAC       net.HardwareAddr // 6 bytes, unicast; nil: the kernel's choice, in passthru the parent's
	MTU       int              // 0: the host interface's
	// HostEnd is a veth's name on the host; it begins with Prefix. Alias is the text that
	// `ip link` shows beside it, so that an operator sees which container it belongs to.
	HostEnd, Alias string
	FormerEnd      string // the host end's name if an earlier version made it; empty: none

	hostMTU int // the host interface's
}

// Prefix begins the name of each interface that we make on the host. Programs that configure
// a host's interfaces leave out veth*, by default or by everybody's exception. The rest of the
// prefix tells our interfaces from the veths of others.
const Prefix = "vethnd"

// Link describes a link that Make has made.
type Link struct {
	MAC     net.HardwareAddr
	HostMTU int    // of the bridge or parent
	On      string // what the kernel calls the bridge or parent
	Bridge  bool   // a veth into a bridge, and not a macvlan

	// What follows is known when the link is made.
	Raised    bool          // the bridge or parent was down
	NoCarrier bool          // the parent has no carrier: nobody can be reached
	Blocked   time.Duration // the port forwards then, and not before; 0: it does
}

// ErrExists says that the container already has an interface of that name.
var ErrExists = errors.New("the container already has an interface with this name")

// Make makes the link. Its errors say what is wrong with the host's interface, and what
// to do.
func (h *Host) Make(ctx context.Context, ns *netns.NS, s Spec) (Link, error) {
	on, err := h.FindVLAN(s.Host, s.VLAN)
	if err != nil {
		return Link{}, err
	}
	return h.MakeOn(ctx, on, ns, s)
}

// Link returns the link as Make will make it on i.
func (i Interface) Link(s Spec) Link {
	l := Link{MAC: s.MAC, HostMTU: i.link.MTU, On: i.link.Name, Bridge: i.Bridge()}
	lower := i.link
	if i.device.Index != 0 {
		lower, l.HostMTU = i.device, i.device.MTU
	}
	if l.MAC == nil {
		l.MAC = lower.MAC // of a macvlan in passthru mode
	}
	return l
}

// MakeOn is Make on an interface that FindVLAN has found.
func (h *Host) MakeOn(ctx context.Context, on Interface, ns *netns.NS, s Spec) (l Link, err error) {
	if err := on.Carries(s.VLAN); err != nil {
		return Link{}, err
	}
	if l.Raised = on.link.Flags&unix.IFF_UP == 0; l.Raised {
		if on, err = h.raise(on, s); err != nil {
			return Link{}, err
		}
	}
	var made Link
	if s.VLAN != 0 && !on.Bridge() {
		made, err = h.inVLAN(ctx, on, ns, s)
	} else {
		made, err = h.makeOn(ctx, on, ns, s)
	}
	if err != nil {
		return Link{}, err
	}
	made.Raised = made.Raised || l.Raised
	return made, nil
}

// makeOn is MakeOn on a bridge or parent that is up.
func (h *Host) makeOn(ctx context.Context, on Interface, ns *netns.NS, s Spec) (made Link, err error) {
	made = on.Link(s)
	if s.hostMTU = made.HostMTU; s.MTU == 0 {
		s.MTU = s.hostMTU
	}
	if on.Bridge() {
		made.Blocked, err = h.veth(ctx, on, ns, s)
	} else {
		made.NoCarrier = on.link.Flags&unix.IFF_LOWER_UP == 0
		err = h.macvlan(ctx, on, ns, s)
	}
	return made, err
}

// taken returns why the kernel says EEXIST: ErrExists, or nil if the container has no
// such interface.
func taken(ns *netns.NS, name string) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.LinkByName(name); err == nil {
		return fmt.Errorf("make %s: %w", name, ErrExists)
	}
	return nil
}

// Delete removes the container's link if Make could have made it: a veth or macvlan, and
// with that MAC if mac is not nil. A missing link is not an error.
func Delete(ns *netns.NS, name string, mac net.HardwareAddr) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	return remove(c, name, func(l rtnetlink.Link) bool { return mac == nil || bytes.Equal(l.MAC, mac) })
}

// DeleteIndex is Delete for a link that is known by its ifindex: the container may have given
// it another name and another MAC.
func DeleteIndex(ns *netns.NS, index int) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	link, err := c.LinkByIndex(index)
	return removeFound(c, link, err, fmt.Sprintf("interface %d", index), true)
}

// remove deletes a veth or macvlan if it is ours. A missing link is not an error.
func remove(c *rtnetlink.Conn, name string, isOurs func(rtnetlink.Link) bool) error {
	link, err := c.LinkByName(name)
	return removeFound(c, link, err, name, err == nil && isOurs(link))
}

// removeFound is remove for the answer to the question for a link.
func removeFound(c *rtnetlink.Conn, link rtnetlink.Link, err error, name string, isOurs bool) error {
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if link.Kind != "veth" && link.Kind != "macvlan" || !isOurs {
		return nil
	}
	if err := drop(c, numbered(link.Index)); err != nil && !gone(err) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}
