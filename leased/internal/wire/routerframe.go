// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Sizes and offsets in bytes of an IPv6 header (RFC 8200 §3).
const (
	ipv6Len  = 40
	offLen6  = 4
	offNext6 = 6
	offHops6 = 7
	offSrc6  = 8
	offDst6  = 24
)

// Neighbor discovery (RFC 4861 §4.1, §4.2).
const (
	protoICMP6        = 58
	ndHops            = 255 // never forwarded, so it comes from this link
	ndLen             = 8   // of a solicitation without options
	typeSolicitation  = 133
	typeAdvertisement = 134
)

// Reasons to drop a packet that may be a router advertisement.
const (
	dropVersion6 drop = "not IPv6"
	dropLength6  drop = "IPv6 payload length outside of the frame"
	dropNext6    drop = "ICMPv6 is not right behind the IPv6 header"
	dropHops     drop = "was forwarded"
	dropSource6  drop = "not from a link-local address"
	dropType6    drop = "not a router advertisement"
	dropICMP6    drop = "wrong ICMPv6 checksum"
)

var (
	linkLocal  = netip.MustParsePrefix("fe80::/10")
	allRouters = netip.MustParseAddr("ff02::2")
)

func (a arrival) advertisement() ([]byte, netip.Addr, error) {
	if err := a.foreign(); err != nil {
		return nil, netip.Addr{}, err
	}
	// As for DHCPv4, a router on this host may leave the checksum to a network card.
	return parseRouter(a.packet, a.aux.Status&unix.TP_STATUS_CSUMNOTREADY == 0)
}

// parseRouter takes the ICMPv6 message out of an IPv6 packet. The packet may be any
// bytes, with padding after it. verify says that the checksum must be checked. The
// message is a part of p; an error means: drop the packet.
func parseRouter(p []byte, verify bool) (icmp []byte, src netip.Addr, err error) {
	if len(p) < ipv6Len {
		return nil, src, dropLength6
	}
	length := int(binary.BigEndian.Uint16(p[offLen6:]))
	sender, dst := netip.AddrFrom16([16]byte(p[offSrc6:])), netip.AddrFrom16([16]byte(p[offDst6:]))
	switch {
	case p[0]>>4 != 6:
		return nil, src, dropVersion6
	case p[offNext6] != protoICMP6:
		return nil, src, dropNext6
	case p[offHops6] != ndHops:
		return nil, src, dropHops
	case !linkLocal.Contains(sender):
		return nil, src, dropSource6
	case length < ndLen || length > len(p)-ipv6Len:
		return nil, src, dropLength6
	}
	icmp = p[ipv6Len : ipv6Len+length]
	switch {
	case icmp[0] != typeAdvertisement:
		return nil, src, dropType6
	case verify && fold(sum(pseudo(sender, dst, protoICMP6, length), icmp)) != 0:
		return nil, src, dropICMP6
	}
	return icmp, sender, nil
}

// buildSolicitation makes the packet to all routers. It does not carry the sender's MAC,
// which is forbidden from :: (RFC 4861 §4.1) and from an address whose DAD is running
// (RFC 4429 §3.2).
func buildSolicitation(from netip.Addr) []byte {
	icmp := make([]byte, ndLen)
	icmp[0] = typeSolicitation
	if !from.IsValid() {
		from = netip.IPv6Unspecified()
	}
	return buildND(from, allRouters, icmp)
}
