// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// A neighbor advertisement (RFC 4861 §4.4) with its one option, the target's
// link-layer address.
const (
	typeNeighbour = 136
	naLen         = 24 + 8
	naOverride    = 0x20
	optTargetLink = 2
)

var allNodes = netip.MustParseAddr("ff02::1")

// Advertise tells all nodes on the link of the interface ifindex in ns (nil: the
// caller's netns) that addr is at mac, unasked (RFC 4861 §7.2.6). Linux does not do this
// after optimistic DAD. It fails with ErrLinkDown and ErrLinkGone.
func Advertise(ns *netns.NS, ifindex int, mac net.HardwareAddr, addr netip.Addr) error {
	if !addr.Is6() || len(mac) != macLen {
		return fmt.Errorf("advertise %v (%v): not IPv6 over Ethernet", addr, mac)
	}
	d := device{ifindex: ifindex, protocol: etherIPv6}
	if err := d.openIn(ns); err != nil {
		return err
	}
	defer d.close()
	err := d.control(func(fd int) error { return unix.Sendto(fd, buildNeighbour(mac, addr), 0, d.linkAddr(allNodesMAC)) })
	if err != nil {
		return fmt.Errorf("advertise %v on interface %d: %w", addr, ifindex, classify(err))
	}
	return nil
}

func buildNeighbour(mac net.HardwareAddr, addr netip.Addr) []byte {
	icmp := make([]byte, naLen)
	icmp[0], icmp[4] = typeNeighbour, naOverride
	copy(icmp[8:], addr.AsSlice())
	icmp[24], icmp[25] = optTargetLink, 1
	copy(icmp[26:], mac)
	return buildND(addr, allNodes, icmp)
}

// buildND makes the packet of a neighbor discovery message, and sets its checksum.
func buildND(src, dst netip.Addr, icmp []byte) []byte {
	p := make([]byte, ipv6Len, ipv6Len+len(icmp))
	p[0] = 6 << 4
	binary.BigEndian.PutUint16(p[offLen6:], uint16(len(icmp)))
	p[offNext6], p[offHops6] = protoICMP6, ndHops
	copy(p[offSrc6:], src.AsSlice())
	copy(p[offDst6:], dst.AsSlice())
	binary.BigEndian.PutUint16(icmp[2:], fold(sum(pseudo(src, dst, protoICMP6, len(icmp)), icmp)))
	return append(p, icmp...)
}
