// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// veth makes the link and returns the ifindex of the container's end.
func (h *Host) veth(ctx context.Context, on Interface, ns *netns.NS, s Spec) (int, error) {
	err := h.pair(ns, s)
	if errors.Is(err, unix.EEXIST) {
		err = h.pairAnew(ns, s)
	}
	if errors.Is(err, ErrExists) {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("make a veth for %s: %w", s.Host, err)
	}
	index, err := h.plug(ctx, on, s)
	if err != nil {
		return 0, errors.Join(err, h.drop(s.HostEnd)) // the container's end goes with it
	}
	return index, nil
}

// pair makes both ends. The end that is named first can be up at once: the container's.
func (h *Host) pair(ns *netns.NS, s Spec) error {
	data := nl.NewRtAttr(nl.IFLA_INFO_DATA, nil)
	peer := data.AddRtAttr(nl.VETH_INFO_PEER, nil)
	peer.AddChild(nl.NewIfInfomsg(unix.AF_UNSPEC))
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(s.HostEnd))
	peer.AddRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(s.hostMTU)))
	for _, a := range portAttrs(s) {
		peer.AddChild(a)
	}
	return h.create("veth", data, unix.IFF_UP, append(inside(ns.FD(), s.Interface, s.MAC, s.MTU), oneQueue()...)...)
}

// oneQueue returns the attributes of an end with one queue each way. Without them the
// kernel makes a queue for each CPU, registers all of them, and then removes all but the
// first (veth_init_queues in drivers/net/veth.c). Packets take the same way as before; an
// administrator cannot add queues with `ethtool -L` any more.
func oneQueue() []*nl.RtAttr {
	return []*nl.RtAttr{
		nl.NewRtAttr(unix.IFLA_NUM_TX_QUEUES, nl.Uint32Attr(1)),
		nl.NewRtAttr(unix.IFLA_NUM_RX_QUEUES, nl.Uint32Attr(1)),
	}
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

// portAttrs returns the attributes of the host's end, except its name and MTU. Without a
// MAC the kernel chooses one, as for the container's end.
func portAttrs(s Spec) []*nl.RtAttr {
	if s.MAC == nil {
		return oneQueue()
	}
	return append(oneQueue(), nl.NewRtAttr(unix.IFLA_ADDRESS, portMAC(s.MAC)))
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
	data := nl.NewRtAttr(nl.IFLA_INFO_DATA, nil)
	peer := data.AddRtAttr(nl.VETH_INFO_PEER, nil)
	peer.AddChild(nl.NewIfInfomsg(unix.AF_UNSPEC))
	for _, a := range append(inside(ns.FD(), s.Interface, s.MAC, s.MTU), oneQueue()...) {
		peer.AddChild(a)
	}
	err := h.create("veth", data, 0, append(portAttrs(s),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(s.HostEnd)),
		nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(s.hostMTU))))...)
	if err != nil {
		return err
	}
	if err := bringUp(ns, s.Interface, s.Interface); err != nil {
		return errors.Join(err, h.drop(s.HostEnd))
	}
	return nil
}

// plug makes the veth's host end a port of the bridge and checks that it forwards. It
// returns the ifindex of the container's end.
func (h *Host) plug(ctx context.Context, on Interface, s Spec) (int, error) {
	err := h.change(s.HostEnd, unix.IFF_UP,
		nl.NewRtAttr(unix.IFLA_IFALIAS, nl.ZeroTerminated(s.Alias)),
		// A bridge takes the lowest MTU of its ports as its own, so one container's mtu
		// would change the host's and every other container's. So the host's end has the
		// bridge's MTU.
		nl.NewRtAttr(unix.IFLA_MASTER, nl.Uint32Attr(uint32(on.link.Attrs().Index))))
	switch {
	case errors.Is(err, unix.EXFULL):
		return 0, fmt.Errorf("the bridge %s is full: Linux gives a bridge 1023 ports; use a second bridge", s.Host)
	case err != nil:
		return 0, fmt.Errorf("plug %s into %s: %w", s.HostEnd, s.Host, err)
	}
	if s.Isolate {
		info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
		info.AddRtAttr(nl.IFLA_INFO_SLAVE_KIND, nl.NonZeroTerminated("bridge"))
		info.AddRtAttr(nl.IFLA_INFO_SLAVE_DATA, nil).AddRtAttr(nl.IFLA_BRPORT_ISOLATED, []byte{1})
		if err := h.change(s.HostEnd, 0, info); err != nil {
			return 0, fmt.Errorf("isolate %s: %w", s.HostEnd, err)
		}
	}
	return h.forwards(ctx, s)
}

func (h *Host) drop(name string) error {
	req, msg := request(unix.RTM_DELLINK, unix.NLM_F_ACK, 0)
	named(name)(req, msg)
	_, err := h.execute(req)
	return err
}

// dropStale removes the host end that an earlier link of the same attachment left, while
// the kernel is still destroying its netns.
func (h *Host) dropStale(s Spec) bool {
	link, err := h.get(named(s.HostEnd))
	if err != nil {
		return errors.Is(err, unix.ENODEV)
	}
	if link.Type() != "veth" || link.Attrs().Alias != s.Alias {
		return false
	}
	err = h.drop(s.HostEnd)
	return err == nil || gone(err)
}
