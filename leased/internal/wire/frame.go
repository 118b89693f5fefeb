// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// Sizes and offsets in bytes: IPv4 (RFC 791), UDP (RFC 768), BOOTP (RFC 951, 2131 §2).
const (
	ipLen    = 20 // without options
	udpLen   = 8
	bootpLen = 240 // fixed fields and the magic cookie

	offXID    = 4
	offChaddr = 28
	offCookie = 236
)

const (
	protoUDP  = 17
	bootReply = 2
	ethernet  = 1          // htype (RFC 1700), as is the length of its addresses
	macLen    = 6          // hlen
	cookie    = 0x63825363 // RFC 2131 §3
	moreOrOff = 0x3fff     // of an IP header's fragment field: MF and the offset
	ttl       = 64
)

// build makes the IP packet that carries payload from src's client port to dst's server
// port. Both addresses must be IPv4. The checksums are real: nothing between here and
// the server would fill them in.
func build(payload []byte, src, dst netip.Addr) []byte {
	p := make([]byte, ipLen+udpLen, ipLen+udpLen+len(payload))
	p = append(p, payload...)
	putIP(p, src, dst)
	putUDP(p[ipLen:], src, dst)
	return p
}

// putIP leaves the class at 0: switches drop or police CS6, network control, at ports of hosts
// (RFC 4594 §3.2). It leaves the identification and the flags at 0 as well. DF is clear; a packet that never
// exceeds the link's MTU is not fragmented here either.
func putIP(p []byte, src, dst netip.Addr) {
	p[0] = 4<<4 | ipLen/4
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[8] = ttl
	p[9] = protoUDP
	copy(p[12:], src.AsSlice())
	copy(p[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(p[10:], fold(sum(0, p[:ipLen])))
}

func putUDP(p []byte, src, dst netip.Addr) {
	binary.BigEndian.PutUint16(p[0:], clientPort)
	binary.BigEndian.PutUint16(p[2:], serverPort)
	binary.BigEndian.PutUint16(p[4:], uint16(len(p)))
	check := fold(sum(pseudo(src, dst, protoUDP, len(p)), p))
	if check == 0 { // 0 would say "no checksum" (RFC 768)
		check = 0xffff
	}
	binary.BigEndian.PutUint16(p[6:], check)
}
