// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// MACs of ff02::1 and ff02::2 (RFC 2464 §7).
var (
	allNodesMAC   = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
	allRoutersMAC = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 2}
)

// Routers is a raw socket on one interface that hears router advertisements and nothing
// else, even if the kernel's IPv6 is switched off.
type Routers struct{ device }

// OpenRouters opens such a socket in ns (nil: the caller's netns) on the interface
// ifindex; it hears from now on. It fails with ErrLinkDown and ErrLinkGone.
func OpenRouters(ns *netns.NS, ifindex int) (*Routers, error) {
	r := &Routers{device{ifindex: ifindex, protocol: etherIPv6, buf: make([]byte, maxPacket)}}
	if err := r.openIn(ns); err != nil {
		return nil, err
	}
	err := r.control(r.joinAllNodes)
	if err == nil {
		err = r.admit(routerFilter())
	}
	if err != nil {
		err = r.verdict(err)
		r.close()
		return nil, fmt.Errorf("listen to routers on interface %d: %w", ifindex, err)
	}
	return r, nil
}

// joinAllNodes subscribes to packets for all nodes. A macvlan filters by group, as a
// network card does, and without IPv6 the kernel does not subscribe to this group.
func (r *Routers) joinAllNodes(fd int) error {
	group := unix.PacketMreq{Ifindex: int32(r.ifindex), Type: unix.PACKET_MR_MULTICAST, Alen: macLen}
	copy(group.Address[:], allNodesMAC)
	return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &group)
}

// routerFilter lets in the packets that parseRouter takes, except for lengths and the
// checksum. The socket's protocol makes sure that they are IPv6.
func routerFilter() (prog []bpf.Instruction) {
	prog = append(prog, bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: unix.PACKET_OTHERHOST, SkipTrue: 1}, bpf.RetConstant{Val: 0})
	prog = append(prog, half(offSrc6), // fe80::/10
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xffc0},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0xfe80, SkipTrue: 1}, bpf.RetConstant{Val: 0})
	return append(append(prog, require([]field{
		{half(offNext6), protoICMP6<<8 | ndHops}, // and the hop limit after it
		{bpf.LoadAbsolute{Off: ipv6Len, Size: 1}, typeAdvertisement},
	})...), bpf.RetConstant{Val: 1<<32 - 1})
}

// Receive waits for the next router advertisement. It returns the whole ICMPv6 message,
// which belongs to the caller, and the router's link-local address without a zone.
// Receive has checked that the message comes from this link, unforwarded, and has a
// right checksum (RFC 4861 §6.1.2); it has not checked the content. It skips all other
// packets. It returns ctx.Err() when ctx ends, net.ErrClosed after Close.
func (r *Routers) Receive(ctx context.Context) (icmp []byte, from netip.Addr, err error) {
	err = r.receive(ctx, func(a arrival) (drop error) {
		icmp, from, drop = a.advertisement()
		return drop
	})
	return slices.Clone(icmp), from, err
}

// Close returns at once; the descriptor is closed in the background, see Flush.
func (r *Routers) Close() { r.close() }

// Solicit asks the routers on the interface ifindex in ns (nil: the caller's netns) to
// advertise themselves. If from is an address of the interface, the answer comes to this
// address, at once. If from is invalid, the answer goes to all nodes, and a router may
// delay it: it sends at most one in three seconds (RFC 4861 §6.2.6). It fails with
// ErrLinkDown and ErrLinkGone.
func Solicit(ns *netns.NS, ifindex int, from netip.Addr) error {
	d := device{ifindex: ifindex, protocol: etherIPv6}
	if err := d.openIn(ns); err != nil {
		return err
	}
	defer d.close()
	err := d.control(func(fd int) error { return unix.Sendto(fd, buildSolicitation(from), 0, d.linkAddr(allRoutersMAC)) })
	if err != nil {
		return fmt.Errorf("solicit routers on interface %d: %w", ifindex, classify(err))
	}
	return nil
}
