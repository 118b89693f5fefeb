// SPDX-License-Identifier: Apache-2.0

// Package attach is step 2 of the way of a lease: it makes the container's link,
// a veth into a bridge or a macvlan child of a NIC, straight inside the
// container's netns with its final name, MAC and MTU, and up; and it takes it
// away again. What it cannot finish it undoes.
package attach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/netns"
)

// Spec says what link to make.
type Spec struct {
	Host    string // the bridge or parent, by name
	Mode    string // of a macvlan: bridge, private, vepa, passthru
	Isolate bool   // of a bridge port

	Interface string           // name in the container
	MAC       net.HardwareAddr // 6 bytes, unicast; nil: the kernel's choice, in passthru the parent's
	MTU       int              // 0: the host interface's
	// HostEnd is a veth's name on the host, Alias what `ip link` shows beside it,
	// so that an operator sees whose it is.
	HostEnd, Alias string
}

// Link is a link that was made.
type Link struct {
	Index   int // ifindex in the container
	MAC     net.HardwareAddr
	HostMTU int // of the bridge or parent
}

// ErrExists says that the container has an interface of that name already.
var ErrExists = errors.New("the container has an interface of that name already")

// Make makes the link. Its errors say what is wrong with the host's interface
// and what to do about it.
func (h *Host) Make(ctx context.Context, ns *netns.NS, s Spec) (Link, error) {
	on, err := h.Find(s.Host)
	if err != nil {
		return Link{}, err
	}
	if on.link.Attrs().Flags&net.FlagUp == 0 {
		return Link{}, fmt.Errorf("%s is down; try: ip link set %s up", s.Host, s.Host)
	}
	inside, err := ns.Netlink()
	if err != nil {
		return Link{}, err
	}
	defer inside.Close()
	if _, err := inside.LinkByName(s.Interface); err == nil {
		return Link{}, fmt.Errorf("make %s: %w", s.Interface, ErrExists)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr, attrs.Flags = s.Interface, s.MAC, net.FlagUp
	attrs.Namespace = netlink.NsFd(ns.FD())
	if attrs.MTU = s.MTU; s.MTU == 0 {
		attrs.MTU = on.link.Attrs().MTU
	}
	if on.Bridge() {
		err = h.veth(ctx, on, s, attrs)
	} else {
		err = h.macvlan(ctx, on, s, attrs)
	}
	if err != nil {
		return Link{}, err
	}
	link, err := finish(inside, s)
	link.HostMTU = on.link.Attrs().MTU
	return link, err
}

// finish looks at what was made. A macvlan in passthru mode begins with its
// parent's MAC whatever it was given; when it gets another the parent gets it
// too, and its own back in the end (drivers/net/macvlan.c).
func finish(inside *netlink.Handle, s Spec) (Link, error) {
	made, err := inside.LinkByName(s.Interface)
	if err != nil {
		return Link{}, fmt.Errorf("find %s just made: %w", s.Interface, err)
	}
	a := made.Attrs()
	if s.MAC != nil && a.HardwareAddr.String() != s.MAC.String() {
		if err := inside.LinkSetHardwareAddr(made, s.MAC); err != nil {
			return Link{}, errors.Join(fmt.Errorf("set the MAC of %s: %w", s.Interface, err), inside.LinkDel(made))
		}
		a.HardwareAddr = s.MAC
	}
	return Link{Index: a.Index, MAC: a.HardwareAddr}, nil
}

// Delete removes the container's link if it is one that Make could have made:
// a veth or macvlan, and with that MAC where mac is not nil. Nothing there is no
// error.
func Delete(ns *netns.NS, name string, mac net.HardwareAddr) error {
	h, err := ns.Netlink()
	if err != nil {
		return err
	}
	defer h.Close()
	link, err := h.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if !slices.Contains([]string{"veth", "macvlan"}, link.Type()) ||
		mac != nil && link.Attrs().HardwareAddr.String() != mac.String() {
		return nil
	}
	if err := h.LinkDel(link); err != nil && !gone(err) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}
