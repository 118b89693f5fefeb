// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// ServerMAC is the source of the scripted Server's frames.
var ServerMAC = net.HardwareAddr{2, 0xff, 0, 0, 0, 1}

// Broadcast is every interface's MAC.
var Broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// Offsets in a frame of Request.Seal, for tests that damage the frame.
const (
	OffIP   = 14
	OffUDP  = OffIP + 20
	OffDHCP = OffUDP + 8
)

// Offer is a correct OFFER of addr from RouterAddr, for an hour.
func (r Request) Offer(addr netip.Addr, more ...dhcpv4.Modifier) []byte {
	return r.Message(dhcpv4.MessageTypeOffer, addr, more...)
}

// Ack is a correct ACK of addr from RouterAddr, for an hour.
func (r Request) Ack(addr netip.Addr, more ...dhcpv4.Modifier) []byte {
	return r.Message(dhcpv4.MessageTypeAck, addr, more...)
}

// Nak is a correct NAK from RouterAddr.
func (r Request) Nak(more ...dhcpv4.Modifier) []byte {
	return r.Message(dhcpv4.MessageTypeNak, netip.IPv4Unspecified(), more...)
}

// Message returns a correct message of any type; nil if the request is not DHCP.
func (r Request) Message(kind dhcpv4.MessageType, addr netip.Addr, more ...dhcpv4.Modifier) []byte {
	if r.Msg == nil {
		return nil
	}
	mods := []dhcpv4.Modifier{
		dhcpv4.WithMessageType(kind), dhcpv4.WithYourIP(addr.AsSlice()), dhcpv4.WithServerIP(RouterAddr.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(RouterAddr.AsSlice())),
	}
	if kind != dhcpv4.MessageTypeNak {
		mods = append(mods, dhcpv4.WithNetmask(net.CIDRMask(Subnet.Bits(), 32)),
			dhcpv4.WithRouter(RouterAddr.AsSlice()), dhcpv4.WithLeaseTime(uint32(time.Hour/time.Second)))
	}
	msg, err := dhcpv4.NewReplyFromRequest(r.Msg, append(mods, more...)...)
	if err != nil {
		return nil
	}
	return msg.ToBytes()
}

// Seal puts a message into a correct broadcast frame from RouterAddr.
func (r Request) Seal(payload []byte) []byte {
	return Seal(payload, Broadcast, netip.AddrFrom4([4]byte{255, 255, 255, 255}))
}

// Send is the usual answer: one correct frame.
func (r Request) Send(payload []byte) []Reply { return []Reply{{Frame: r.Seal(payload)}} }

// Seal puts a message into a frame from RouterAddr to a client, with all
// checksums right.
func Seal(payload []byte, mac net.HardwareAddr, dst netip.Addr) []byte {
	f := append(append(append([]byte(nil), mac...), ServerMAC...), 8, 0)
	f = append(f, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0)
	f = append(append(f, RouterAddr.AsSlice()...), dst.AsSlice()...)
	f = append(append(f, 0, 67, 0, 68, 0, 0, 0, 0), payload...)
	binary.BigEndian.PutUint16(f[OffIP+2:], uint16(len(f)-OffIP))
	binary.BigEndian.PutUint16(f[OffUDP+4:], uint16(len(f)-OffUDP))
	return Fix(f)
}

// Fix makes the checksums of a frame of Seal right again after a change.
func Fix(f []byte) []byte {
	binary.BigEndian.PutUint16(f[OffIP+10:], 0)
	binary.BigEndian.PutUint16(f[OffIP+10:], ^ones(f[OffIP:OffUDP]))
	binary.BigEndian.PutUint16(f[OffUDP+6:], 0)
	pseudo := append([]byte{0, 17, f[OffUDP+4], f[OffUDP+5]}, f[OffIP+12:OffUDP]...)
	binary.BigEndian.PutUint16(f[OffUDP+6:], ^ones(append(pseudo, f[OffUDP:]...)))
	return f
}

// ones is the one's complement sum of RFC 1071.
func ones(b []byte) uint16 {
	var acc uint32
	for i, c := range b {
		acc += uint32(c) << (8 * (1 - i%2))
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc)
}

// parseRequest reads a frame of a well-behaved client; other frames are not requests.
func parseRequest(f []byte) (r Request, ok bool) {
	if len(f) < OffDHCP || f[12] != 8 || f[13] != 0 || f[OffIP] != 0x45 || f[OffIP+9] != 17 ||
		binary.BigEndian.Uint16(f[OffUDP+2:]) != 67 {
		return r, false
	}
	end := min(len(f), OffUDP+int(binary.BigEndian.Uint16(f[OffUDP+4:])))
	r = Request{Frame: f, MAC: f[6:12], Payload: f[OffDHCP:max(OffDHCP, end)]}
	r.Src, _ = netip.AddrFromSlice(f[OffIP+12 : OffIP+16])
	r.Dst, _ = netip.AddrFromSlice(f[OffIP+16 : OffIP+20])
	r.Msg, _ = dhcpv4.FromBytes(r.Payload)
	return r, true
}
