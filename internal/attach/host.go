// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Host looks up and changes the host's links.
type Host struct {
	// Pause waits for d, or until ctx ends, whose error it then returns. Make calls it
	// wherever it waits for the kernel, and gives up if Pause fails. nil sleeps. A caller
	// whose own limits should not count the wait sets it.
	Pause func(ctx context.Context, d time.Duration) error

	sock int       // rtnetlink
	ns   *netns.NS // nil: the caller's own
}

// OpenHost opens a Host on the caller's network namespace, or on ns if it is not nil.
// Close it.
func OpenHost(ns *netns.NS) (*Host, error) {
	h := &Host{ns: ns}
	open := func() (err error) {
		h.sock, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		return err
	}
	var err error
	if ns != nil {
		err = ns.Do(open)
	} else {
		err = open()
	}
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	return h, nil
}

// Close closes the Host.
func (h *Host) Close() { unix.Close(h.sock) }

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
type Interface struct{ link netlink.Link }

// Bridge reports whether i is a bridge, which takes veths, and not a NIC, which takes
// macvlans.
func (i Interface) Bridge() bool { return i.link.Type() == "bridge" }

// Kind returns the option that names such an interface: bridge or parent.
func (i Interface) Kind() string {
	if i.Bridge() {
		return "bridge"
	}
	return "parent"
}

// Name returns the interface's name.
func (i Interface) Name() string { return i.link.Attrs().Name }

// Find looks up an interface by its name. It refuses an interface that can carry neither
// a veth nor a macvlan; the error names the remedy.
func (h *Host) Find(name string) (Interface, error) {
	link, err := h.get(named(name))
	if errors.Is(err, unix.ENODEV) {
		return Interface{}, fmt.Errorf("there is no interface %s on this host; see: ip link", name)
	}
	if err != nil {
		return Interface{}, fmt.Errorf("find %s: %w", name, err)
	}
	i := Interface{link}
	return i, h.usable(i)
}

func (h *Host) usable(i Interface) error {
	a := i.link.Attrs()
	switch {
	case i.Bridge():
		return nil
	case a.EncapType != "ether":
		return fmt.Errorf("%s is not an Ethernet interface but %s, which carries no macvlan", a.Name, a.EncapType)
	case i.link.Type() == "macvlan" || i.link.Type() == "ipvlan":
		return fmt.Errorf("%s is itself a %s; name the interface below it as parent", a.Name, i.link.Type())
	case a.MasterIndex != 0:
		return h.isPort(a)
	}
	return nil
}

// isPort returns an error if the interface is enslaved to a device that keeps its frames
// from a macvlan: the kernel answers EBUSY for a bridge's port.
func (h *Host) isPort(a *netlink.LinkAttrs) error {
	master, err := h.get(numbered(a.MasterIndex))
	if err != nil {
		return fmt.Errorf("find what %s belongs to: %w", a.Name, err)
	}
	m := master.Attrs().Name
	switch master.Type() {
	case "bridge":
		return fmt.Errorf("%s is a port of the bridge %s and cannot carry a macvlan; use: -o bridge=%s", a.Name, m, m)
	case "vrf":
		return nil
	}
	return fmt.Errorf("%s belongs to %s (%s); use: -o parent=%s", a.Name, m, master.Type(), m)
}

// gone reports whether the error means that the link vanished meanwhile.
func gone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENXIO)
}
