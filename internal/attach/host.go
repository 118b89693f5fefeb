// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Host looks up and changes the host's links.
type Host struct {
	// Pause waits for d, or until ctx ends, whose error it then returns. Make calls it
	// wherever it waits for the kernel, and gives up if Pause fails. nil sleeps. A caller
	// whose own limits should not count the wait sets it.
	Pause func(ctx context.Context, d time.Duration) error
	// Guard is called with a veth's host end before it is up and in the bridge, and with the
	// container's MAC. Make fails if Guard does. nil: no link is guarded.
	Guard func(name string, index int, mac net.HardwareAddr) error

	// KeepOut is called with a VLAN device that Make has made, before it is up: the host is to
	// take no part in the VLAN. Make fails if KeepOut does. nil: the host may.
	KeepOut func(name string) error

	conn *rtnetlink.Conn
}

// OpenHost opens a Host on the caller's network namespace, or on ns if it is not nil.
// Close it.
func OpenHost(ns *netns.NS) (*Host, error) {
	conn, err := netns.OrOwn(ns).Rtnetlink()
	if err != nil {
		return nil, err
	}
	return &Host{conn: conn}, nil
}

// Close closes the Host.
func (h *Host) Close() { h.conn.Close() }

func (h *Host) pause(ctx context.Context, d time.Duration) error {
	if h.Pause != nil {
		return h.Pause(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Interface is one of the host's interfaces.
type Interface struct {
	link rtnetlink.Link
	name string // as it was asked for

	device rtnetlink.Link // the parent's VLAN device that FindVLAN has found; zero: none
}

// Bridge reports whether i is a bridge, which takes veths, and not a NIC, which takes
// macvlans.
func (i Interface) Bridge() bool { return i.link.Kind == "bridge" }

// Kind returns the option that names such an interface: bridge or parent.
func (i Interface) Kind() string {
	if i.Bridge() {
		return "bridge"
	}
	return "parent"
}

// Name returns the interface's name as Find was asked for it: an alternative name stays, which
// is good for another NIC in place of this one.
func (i Interface) Name() string { return i.name }

// Find looks up an interface by its name or alternative name. It refuses an interface that can carry neither
// a veth nor a macvlan; the error names the remedy.
func (h *Host) Find(name string) (Interface, error) {
	link, err := h.conn.LinkByName(name)
	if errors.Is(err, unix.ENODEV) {
		return Interface{}, fmt.Errorf("there is no interface %s on this host; see: ip link", name)
	}
	if err != nil {
		return Interface{}, fmt.Errorf("find %s: %w", name, err)
	}
	i := Interface{link: link, name: name}
	return i, h.usable(i)
}

func (h *Host) usable(i Interface) error {
	l := i.link
	switch {
	case i.Bridge():
		return nil
	case l.Type != unix.ARPHRD_ETHER:
		return fmt.Errorf("%s is not an Ethernet interface but %s, which carries no macvlan", l.Name, linkType(l.Type))
	case l.Kind == "macvlan" || l.Kind == "ipvlan":
		return fmt.Errorf("%s is itself a %s; name the interface below it as parent", l.Name, l.Kind)
	case l.Master != 0:
		return h.isPort(l)
	}
	return nil
}

// isPort returns an error if the interface is enslaved to a device that keeps its frames
// from a macvlan: the kernel answers EBUSY for a bridge's port.
func (h *Host) isPort(l rtnetlink.Link) error {
	master, err := h.conn.LinkByIndex(l.Master)
	if err != nil {
		return fmt.Errorf("find what %s belongs to: %w", l.Name, err)
	}
	m := master.Name
	switch master.Kind {
	case "bridge":
		return fmt.Errorf("%s is a port of the bridge %s and cannot carry a macvlan; use: -o bridge=%s", l.Name, m, m)
	case "vrf":
		return nil
	}
	return fmt.Errorf("%s belongs to %s (%s); use: -o parent=%s", l.Name, m, cmp.Or(master.Kind, "device"), m)
}

// linkTypes are the words of `ip link` for the types that a host can have today.
var linkTypes = map[uint16]string{
	unix.ARPHRD_LOOPBACK: "loopback", unix.ARPHRD_NONE: "none", unix.ARPHRD_PPP: "ppp", unix.ARPHRD_INFINIBAND: "infiniband",
	unix.ARPHRD_TUNNEL: "ipip", unix.ARPHRD_TUNNEL6: "tunnel6", unix.ARPHRD_SIT: "sit", unix.ARPHRD_IPGRE: "gre",
	unix.ARPHRD_IEEE80211: "ieee802.11", unix.ARPHRD_IEEE80211_RADIOTAP: "ieee802.11/radiotap", unix.ARPHRD_IEEE802154: "ieee802.15.4",
	unix.ARPHRD_IEEE1394: "ieee1394", unix.ARPHRD_SLIP: "slip", unix.ARPHRD_RAWHDLC: "rawhdlc", unix.ARPHRD_VOID: "void",
}

func linkType(kind uint16) string { return cmp.Or(linkTypes[kind], fmt.Sprintf("unknown%d", kind)) }

// gone reports whether the error means that the link vanished meanwhile.
func gone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENXIO)
}
