// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// Link is an interface in a container, up.
type Link struct {
	NS    *NS
	Name  string
	Index int
	MAC   net.HardwareAddr
	Peer  string // a veth's other end, a port of the host's bridge

	lan *LAN
}

// Veth puts a veth into container, whose other end is a port of the host's bridge.
func (l *LAN) Veth(container *NS, name string) Link {
	l.t.Helper()
	n := l.count.Add(1)
	link := Link{lan: l, NS: container, Name: name, Peer: fmt.Sprintf("v%d", n), MAC: mac(n)}
	l.into(container, func(h *netlink.Handle, fd int) error {
		err := h.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: link.Peer},
			PeerName:  name, PeerNamespace: netlink.NsFd(fd), PeerHardwareAddr: link.MAC,
		})
		if err != nil {
			return err
		}
		return join(h, link.Peer, HostBridge)
	})
	l.finish(&link)
	return link
}

// Macvlan puts a macvlan child of the host's NIC into container.
func (l *LAN) Macvlan(container *NS, name string) Link {
	l.t.Helper()
	link := Link{lan: l, NS: container, Name: name, MAC: mac(l.count.Add(1))}
	l.into(container, func(h *netlink.Handle, fd int) error {
		nic, err := h.LinkByName(HostNIC)
		if err != nil {
			return err
		}
		return h.LinkAdd(&netlink.Macvlan{Mode: netlink.MACVLAN_MODE_BRIDGE, LinkAttrs: netlink.LinkAttrs{
			Name: name, ParentIndex: nic.Attrs().Index, Namespace: netlink.NsFd(fd), HardwareAddr: link.MAC,
		}})
	})
	l.finish(&link)
	return link
}

// mac makes one that is easy to find in a log.
func mac(n int32) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, byte(n >> 8), byte(n)} }

// into calls fn with a handle on the host and the container's descriptor.
func (l *LAN) into(container *NS, fn func(h *netlink.Handle, fd int) error) {
	l.t.Helper()
	ns := container.Open()
	defer ns.Close()
	l.Host.Netlink(func(h *netlink.Handle) error { return fn(h, ns.FD()) })
}

func (l *LAN) finish(link *Link) {
	l.t.Helper()
	link.NS.Netlink(func(h *netlink.Handle) error {
		have, err := h.LinkByName(link.Name)
		if err != nil {
			return err
		}
		link.Index = have.Attrs().Index
		return h.LinkSetUp(have)
	})
	link.await()
}

// await waits until the link carries frames, in both directions.
func (link Link) await() {
	link.lan.await(link.NS, link.Name)
	if link.Peer != "" {
		link.lan.await(link.lan.Host, link.Peer)
	}
}

// Set changes the link with the arguments of ip link set, as "down" or "mtu", "1400".
// After "up" Set waits until the link carries frames again.
func (link Link) Set(args ...string) {
	link.NS.t.Helper()
	link.NS.Run(append([]string{"ip", "link", "set", link.Name}, args...)...)
	if args[0] == "up" {
		link.await()
	}
}

// Delete deletes the link.
func (link Link) Delete() {
	link.NS.t.Helper()
	link.NS.Run("ip", "link", "del", link.Name)
}
