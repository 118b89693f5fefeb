// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Offsets in bytes of an ARP packet for IPv4 over Ethernet, and its size (RFC 826).
const (
	offKind   = 0 // hardware and protocol type
	offSizes  = 4 // of either's addresses
	offOp     = 6
	offSender = 8 // hardware address, as "sha" in RFC 5227; its protocol address is "spa"
	offSPA    = 14
	offTPA    = 24
	arpLen    = 28
)

const (
	arpKind    = ethernet<<16 | unix.ETH_P_IP
	arpSizes   = macLen<<8 | 4
	arpRequest = 1
	arpReply   = 2
)

// Reasons to drop an ARP packet.
const (
	dropARPShort drop = "shorter than an ARP packet"
	dropARPKind  drop = "not ARP for IPv4 over Ethernet"
	dropARPOp    drop = "neither ARP request nor reply"
	dropOwn      drop = "from our own MAC"
	dropNobody   drop = "from no host's MAC"
	dropAddr     drop = "about another address"
	dropAlone    drop = "a probe that is not for all hosts"
	dropSource   drop = "a probe in a frame of another MAC"
)

// claim is an address that must be ours alone; its use by another host is a conflict.
type claim struct {
	mac  [macLen]byte
	addr uint32
}

// buildARP makes a request. The target's MAC, for which the request asks, stays 0.
func buildARP(mac [macLen]byte, spa, tpa netip.Addr) []byte {
	p := make([]byte, arpLen)
	binary.BigEndian.PutUint32(p[offKind:], arpKind)
	binary.BigEndian.PutUint16(p[offSizes:], arpSizes)
	binary.BigEndian.PutUint16(p[offOp:], arpRequest)
	copy(p[offSender:], mac[:])
	copy(p[offSPA:], spa.AsSlice())
	copy(p[offTPA:], tpa.AsSlice())
	return p
}

// conflict finds a conflict in a packet. The frame counts for a probe only. A switch that
// tracks hosts asks one host whether it is still there, from 0.0.0.0, or under a MAC that is
// not the frame's; RFC 5227 §1.1 has a probe broadcast. The owner of an address may answer
// under another MAC than its frame's: clusters and repeaters do.
func (a arrival) conflict(with claim) (Conflict, error) {
	if err := a.foreign(); err != nil {
		return Conflict{}, err
	}
	found, err := with.parse(a.packet)
	switch {
	case err != nil || !found.Probe:
		return found, err
	case a.kind != unix.PACKET_BROADCAST:
		return Conflict{}, dropAlone
	case !bytes.Equal(a.mac, found.MAC):
		return Conflict{}, dropSource
	}
	return found, nil
}

// parse finds a conflict (RFC 5227 §2.1.1) in an ARP packet. The packet may be any
// bytes, with padding after it. An error means: drop it.
func (c claim) parse(p []byte) (Conflict, error) {
	if len(p) < arpLen {
		return Conflict{}, dropARPShort
	}
	op := binary.BigEndian.Uint16(p[offOp:])
	sender := [macLen]byte(p[offSender:offSPA])
	switch {
	case binary.BigEndian.Uint32(p[offKind:]) != arpKind || binary.BigEndian.Uint16(p[offSizes:]) != arpSizes:
		return Conflict{}, dropARPKind
	case op != arpRequest && op != arpReply:
		return Conflict{}, dropARPOp
	case sender == c.mac: // looped by a switch, our link of an earlier start, or its stand-in
		return Conflict{}, dropOwn
	case sender == [macLen]byte{} || sender[0]&1 != 0:
		return Conflict{}, dropNobody
	}
	found := Conflict{MAC: sender[:]}
	switch spa, tpa := addr(p[offSPA:]), addr(p[offTPA:]); {
	case number(spa) == c.addr: // in a reply and in a request alike
		found.Addr = spa
	case spa.IsUnspecified() && number(tpa) == c.addr && op == arpRequest:
		found.Addr, found.Probe = tpa, true
	default:
		return Conflict{}, dropAddr
	}
	return found, nil
}
