// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func (h *Host) veth(ctx context.Context, on Interface, s Spec, attrs netlink.LinkAttrs) error {
	link := netlink.NewVeth(attrs)
	link.PeerName = s.HostEnd
	// A bridge takes the least MTU of its ports as its own: one container's mtu
	// would be the host's and everybody else's.
	link.PeerMTU = uint32(on.link.Attrs().MTU)
	err := h.nl.LinkAdd(link)
	if errors.Is(err, unix.EEXIST) && h.dropStale(s) {
		err = h.nl.LinkAdd(link)
	}
	if err != nil {
		return fmt.Errorf("make a veth for %s: %w", s.Host, err)
	}
	port, err := h.nl.LinkByName(s.HostEnd)
	if err != nil {
		return fmt.Errorf("find %s just made: %w", s.HostEnd, err)
	}
	if err := h.plug(ctx, on, port, s); err != nil {
		return errors.Join(err, h.nl.LinkDel(port)) // takes the container's end along
	}
	return nil
}

// plug makes the veth's host end a port of the bridge and sees that it forwards.
func (h *Host) plug(ctx context.Context, on Interface, port netlink.Link, s Spec) error {
	if err := h.nl.LinkSetAlias(port, s.Alias); err != nil {
		return fmt.Errorf("set the alias of %s: %w", s.HostEnd, err)
	}
	if err := h.nl.LinkSetMaster(port, on.link); errors.Is(err, unix.EXFULL) {
		return fmt.Errorf("the bridge %s is full: Linux gives a bridge 1023 ports; use a second bridge", s.Host)
	} else if err != nil {
		return fmt.Errorf("plug %s into %s: %w", s.HostEnd, s.Host, err)
	}
	if s.Isolate {
		if err := h.nl.LinkSetIsolated(port, true); err != nil {
			return fmt.Errorf("isolate %s: %w", s.HostEnd, err)
		}
	}
	if err := h.nl.LinkSetUp(port); err != nil {
		return fmt.Errorf("bring up %s: %w", s.HostEnd, err)
	}
	return h.forwards(ctx, port, s)
}

// dropStale removes the host end that the same attachment left behind, while the
// kernel is still destroying its netns.
func (h *Host) dropStale(s Spec) bool {
	link, err := h.nl.LinkByName(s.HostEnd)
	if err != nil {
		return errors.As(err, &netlink.LinkNotFoundError{})
	}
	if link.Type() != "veth" || link.Attrs().Alias != s.Alias {
		return false
	}
	err = h.nl.LinkDel(link)
	return err == nil || gone(err)
}
