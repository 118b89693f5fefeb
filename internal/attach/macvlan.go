// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// linux/if_link.h
var macvlanModes = map[string]uint32{"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}

// The kernel frees the MAC of a dead container when it destroys the container's netns,
// within milliseconds: netavark #1308, systemd #33869.
const (
	addrInUseFor  = 2 * time.Second
	addrInUseStep = 2 * time.Millisecond
)

func (h *Host) macvlan(ctx context.Context, on Interface, ns *netns.NS, s Spec) error {
	mode, ok := macvlanModes[s.Mode]
	if !ok {
		return fmt.Errorf("macvlan mode %q is not one of bridge, private, vepa, passthru", s.Mode)
	}
	err := h.child(ctx, on, ns, s, mode)
	switch {
	case err == nil && s.Mode == "passthru" && s.MAC != nil:
		return takeMAC(ns, s)
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("the MAC %s is in use on %s already; another container or %s itself has it", s.MAC, s.Host, s.Host)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s cannot take a macvlan now (EBUSY): a bridge or bond has it as a port, or ipvlans hang on it; see: ip -d link show %s", s.Host, s.Host)
	case errors.Is(err, unix.EINVAL) && s.Mode == "passthru":
		return aloneError{s.Host}
	case err != nil && !errors.Is(err, ErrExists):
		return fmt.Errorf("make a macvlan of %s: %w", s.Host, err)
	}
	return err
}

// aloneError refuses passthru where others are.
type aloneError struct{ host string }

func (e aloneError) Error() string {
	return fmt.Sprintf("mode=passthru needs %s for one container alone, but other macvlans use it", e.host)
}

func (aloneError) Unwrap() error { return unix.EINVAL }

// child makes the macvlan, as soon as its MAC is free.
func (h *Host) child(ctx context.Context, on Interface, ns *netns.NS, s Spec, mode uint32) error {
	until := time.Now().Add(addrInUseFor)
	for {
		err := h.makeChild(on, ns, s, mode, unix.IFF_UP)
		if errors.Is(err, unix.EEXIST) {
			err = h.childByRename(on, ns, s, mode)
		}
		if !errors.Is(err, unix.EADDRINUSE) || time.Now().After(until) || h.pause(ctx, addrInUseStep) != nil {
			return err
		}
	}
}

func (h *Host) makeChild(on Interface, ns *netns.NS, s Spec, mode, flags uint32) error {
	parent := rtnetlink.Uint32(unix.IFLA_LINK, uint32(on.link.Index))
	return create(h.conn, "macvlan", macvlanMode(mode), flags, append(inside(ns.FD(), s.Interface, s.MAC, s.MTU), parent)...)
}

func macvlanMode(mode uint32) rtnetlink.Attr {
	return rtnetlink.Nested(unix.IFLA_INFO_DATA, rtnetlink.Uint32(unix.IFLA_MACVLAN_MODE, mode))
}

// childByRename is for kernels before 6.15, which check the name in the namespace of the
// request: many hosts have an eth0.
func (h *Host) childByRename(on Interface, ns *netns.NS, s Spec, mode uint32) error {
	if err := taken(ns, s.Interface); err != nil {
		return err
	}
	name := s.Interface
	s.Interface = s.HostEnd // a unique name
	if err := h.makeChild(on, ns, s, mode, 0); err != nil {
		return err
	}
	return bringUp(ns, s.Interface, name)
}

// bringUp gives a link its name and sets it up, or deletes it.
func bringUp(ns *netns.NS, was, name string) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	link, err := c.LinkByName(was)
	if err != nil {
		return err
	}
	// The kernel takes the name before the flags, and its own name as no change.
	err = change(c, numbered(link.Index), unix.IFF_UP, rtnetlink.String(unix.IFLA_IFNAME, name))
	if err != nil {
		return errors.Join(err, drop(c, numbered(link.Index)))
	}
	return nil
}

// takeMAC gives a macvlan in passthru mode its MAC. Such a macvlan begins with its
// parent's MAC, whatever MAC it was made with. From takeMAC on the parent has the
// container's MAC, and at the end its own again (drivers/net/macvlan.c).
func takeMAC(ns *netns.NS, s Spec) error {
	c, err := ns.Rtnetlink()
	if err != nil {
		return err
	}
	defer c.Close()
	link := named(s.Interface)
	if err := change(c, link, 0, rtnetlink.Attr{Type: unix.IFLA_ADDRESS, Value: s.MAC}); err != nil {
		return errors.Join(fmt.Errorf("set the MAC of %s: %w", s.Interface, err), drop(c, link))
	}
	return nil
}
