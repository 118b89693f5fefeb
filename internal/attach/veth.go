// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

func (h *Host) veth(ctx context.Context, on Interface, ns *netns.NS, s Spec) (blocked time.Duration, err error) {
	err = h.pair(ns, s)
	if errors.Is(err, unix.EEXIST) {
		err = h.pairAnew(ns, s)
	}
	if errors.Is(err, ErrExists) {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("make a veth for %s: %w", s.Host, err)
	}
	err = h.guard(s)
	if err == nil {
		blocked, err = h.plug(ctx, on, s)
	}
	if err != nil {
		return 0, errors.Join(err, drop(h.conn, named(s.HostEnd))) // the container's end goes with it
	}
	return blocked, nil
}

// guard has the host's end guarded. No frame has passed it yet.
func (h *Host) guard(s Spec) error {
	if !s.Guard || h.Guard == nil {
		return nil
	}
	link, err := h.conn.LinkByName(s.HostEnd)
	if err != nil {
		return fmt.Errorf("find %s: %w", s.HostEnd, err)
	}
	return h.Guard(s.HostEnd, link.Index, s.MAC)
}

// pair makes both ends. The end that is named first can be up at once: the container's.
func (h *Host) pair(ns *netns.NS, s Spec) error {
	return create(h.conn, "veth", peer(onHost(s)), unix.IFF_UP, inContainer(ns, s)...)
}

// oneQueue returns the attributes of an end with one queue each way. Without them the
// kernel makes a queue for each CPU, registers all of them, and then removes all but the
// first (veth_init_queues in drivers/net/veth.c). Packets take the same way as before; an
// administrator cannot add queues with `ethtool -L` any more.
func oneQueue() []rtnetlink.Attr {
	return []rtnetlink.Attr{rtnetlink.Uint32(unix.IFLA_NUM_TX_QUEUES, 1), rtnetlink.Uint32(unix.IFLA_NUM_RX_QUEUES, 1)}
}

// peer returns the attribute with the end that is named second.
func peer(attrs []rtnetlink.Attr) rtnetlink.Attr {
	const vethInfoPeer = 1 // VETH_INFO_PEER of linux/veth.h
	return rtnetlink.Nested(unix.IFLA_INFO_DATA, rtnetlink.NestedLink(vethInfoPeer, attrs...))
}

// inContainer returns the attributes of the container's end.
func inContainer(ns *netns.NS, s Spec) []rtnetlink.Attr {
	return append(inside(ns.FD(), s.Interface, s.MAC, s.MTU), oneQueue()...)
}

// onHost returns the attributes of the host's end. Without a MAC the kernel chooses one,
// as for the container's end.
func onHost(s Spec) []rtnetlink.Attr {
	attrs := append(oneQueue(), rtnetlink.String(unix.IFLA_IFNAME, s.HostEnd), rtnetlink.Uint32(unix.IFLA_MTU, uint32(s.hostMTU)))
	if s.MAC != nil {
		attrs = append(attrs, rtnetlink.Attr{Type: unix.IFLA_ADDRESS, Value: portMAC(s.MAC)})
	}
	return attrs
}

// portMAC returns the MAC of the host's end. A bridge without a configured MAC takes the
// lowest of its ports; it must keep its uplink's MAC when containers come and go.
// mac is the container's.
func portMAC(mac net.HardwareAddr) net.HardwareAddr {
	port := slices.Clone(mac)
	port[0] = 0xfe
	if mac[0] == 0xfe {
		port[0] = 0xfa
	}
	return port
}

// pairAnew handles a name that is taken: by a leftover of ours, or, on a kernel before
// 6.15, by any interface in the namespace of the request. Many hosts have an eth0.
func (h *Host) pairAnew(ns *netns.NS, s Spec) error {
	if err := taken(ns, s.Interface); err != nil {
		return err
	}
	if !h.dropStale(s) {
		return unix.EEXIST
	}
	if err := create(h.conn, "veth", peer(inContainer(ns, s)), 0, onHost(s)...); err != nil {
		return err
	}
	if err := bringUp(ns, s.Interface, s.Interface); err != nil {
		return errors.Join(err, drop(h.conn, named(s.HostEnd)))
	}
	return nil
}

// plug makes the veth's host end a port of the bridge and checks that it forwards. It returns
// when the port will, where it does not yet.
func (h *Host) plug(ctx context.Context, on Interface, s Spec) (blocked time.Duration, err error) {
	port := named(s.HostEnd)
	flags := uint32(unix.IFF_UP)
	if s.VLAN != 0 {
		flags = 0 // no frame passes in another VLAN
	}
	err = change(h.conn, port, flags,
		rtnetlink.String(unix.IFLA_IFALIAS, s.Alias),
		// A bridge takes the lowest MTU of its ports as its own, so one container's mtu
		// would change the host's and every other container's. So the host's end has the
		// bridge's MTU.
		rtnetlink.Uint32(unix.IFLA_MASTER, uint32(on.link.Index)))
	switch {
	case errors.Is(err, unix.EXFULL):
		return 0, fmt.Errorf("the bridge %s is full: Linux gives a bridge 1023 ports; use a second bridge", s.Host)
	case err != nil:
		return 0, fmt.Errorf("plug %s into %s: %w", s.HostEnd, s.Host, err)
	}
	if s.VLAN != 0 {
		if err := h.tag(on, s); err != nil {
			return 0, err
		}
	}
	if s.Isolate {
		info := rtnetlink.Nested(unix.IFLA_LINKINFO, rtnetlink.String(unix.IFLA_INFO_SLAVE_KIND, "bridge"),
			rtnetlink.Nested(unix.IFLA_INFO_SLAVE_DATA, rtnetlink.Attr{Type: unix.IFLA_BRPORT_ISOLATED, Value: []byte{1}}))
		if err := change(h.conn, port, 0, info); err != nil {
			return 0, fmt.Errorf("isolate %s: %w", s.HostEnd, err)
		}
	}
	return h.forwards(ctx, on, s)
}

// dropStale removes the host end that an earlier link of the same attachment left, while
// the kernel is still destroying its netns.
func (h *Host) dropStale(s Spec) bool {
	link, err := h.conn.LinkByName(s.HostEnd)
	if err != nil {
		return errors.Is(err, unix.ENODEV)
	}
	if link.Kind != "veth" || link.Alias != s.Alias {
		return false
	}
	err = drop(h.conn, named(s.HostEnd))
	return err == nil || gone(err)
}
