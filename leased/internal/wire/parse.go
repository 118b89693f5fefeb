// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// drop is the reason why a packet is not for us.
type drop string

func (d drop) Error() string { return string(d) }

// All reasons to drop a packet.
const (
	dropVersion  drop = "not IPv4"
	dropHeader   drop = "IP header too short or too long"
	dropLength   drop = "IP total length outside of the frame"
	dropChecksum drop = "wrong IP header checksum"
	dropProtocol drop = "not UDP"
	dropFragment drop = "fragment"
	dropUDP      drop = "UDP length outside of the packet"
	dropUDPCheck drop = "wrong UDP checksum"
	dropPort     drop = "not for the DHCP client port"
	dropShort    drop = "shorter than a BOOTP message"
	dropOp       drop = "not a BOOTREPLY"
	dropXID      drop = "another transaction"
	dropChaddr   drop = "another client"
	dropCookie   drop = "no DHCP magic cookie"
)

// match holds the fields by which a reply is ours.
type match struct {
	mac [macLen]byte
	xid uint32
}

// parse takes the DHCP message out of an IP packet. The packet may be any bytes, with
// padding after it: the socket's filter is only for speed, parse decides. verify says
// that the UDP checksum must be checked. The payload is a part of p; an error means:
// drop the packet.
func parse(p []byte, verify bool, want match) (payload []byte, src netip.Addr, err error) {
	p, ihl, err := parseIP(p)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	src, dst := addr(p[12:]), addr(p[16:])
	payload, err = parseUDP(p[ihl:], src, dst, verify)
	if err == nil {
		err = want.check(payload)
	}
	if err != nil {
		return nil, netip.Addr{}, err
	}
	return payload, src, nil
}

// parseIP cuts p to its total length. It returns the header's length, which is within p
// and at least ipLen.
func parseIP(p []byte) (packet []byte, ihl int, err error) {
	if len(p) < ipLen {
		return nil, 0, dropHeader
	}
	ihl = int(p[0]&0xf) * 4
	total := int(binary.BigEndian.Uint16(p[2:]))
	switch {
	case p[0]>>4 != 4:
		return nil, 0, dropVersion
	case ihl < ipLen || ihl > len(p):
		return nil, 0, dropHeader
	case total < ihl || total > len(p): // insomniacslk/dhcp #583 paniced here
		return nil, 0, dropLength
	case fold(sum(0, p[:ihl])) != 0:
		return nil, 0, dropChecksum
	case p[9] != protoUDP:
		return nil, 0, dropProtocol
	case binary.BigEndian.Uint16(p[6:])&moreOrOff != 0:
		return nil, 0, dropFragment
	}
	return p[:total], ihl, nil
}

func parseUDP(p []byte, src, dst netip.Addr, verify bool) ([]byte, error) {
	if len(p) < udpLen {
		return nil, dropUDP
	}
	length := int(binary.BigEndian.Uint16(p[4:]))
	if length < udpLen || length > len(p) {
		return nil, dropUDP
	}
	if binary.BigEndian.Uint16(p[2:]) != clientPort {
		return nil, dropPort
	}
	p = p[:length]
	sent := binary.BigEndian.Uint16(p[6:]) // 0: the sender made none
	if verify && sent != 0 && fold(sum(pseudo(src, dst, protoUDP, length), p)) != 0 {
		return nil, dropUDPCheck
	}
	return p[udpLen:], nil
}

// check looks neither at htype nor at hlen, of which servers send 0: chaddr says enough.
func (m match) check(p []byte) error {
	switch {
	case len(p) < bootpLen:
		return dropShort
	case p[0] != bootReply:
		return dropOp
	case binary.BigEndian.Uint32(p[offXID:]) != m.xid:
		return dropXID
	case [macLen]byte(p[offChaddr:offChaddr+macLen]) != m.mac:
		return dropChaddr
	case binary.BigEndian.Uint32(p[offCookie:]) != cookie:
		return dropCookie
	}
	return nil
}

func addr(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b[:4])) }
