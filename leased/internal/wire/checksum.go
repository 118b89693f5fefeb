// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// sum adds b to a one's complement sum (RFC 1071).
func sum(acc uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}

// fold makes the 16 bits of the checksum. Over data that contains a correct
// checksum it is 0.
func fold(acc uint32) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}

// pseudo is the sum of the pseudo header that the checksum of proto covers, in IPv4
// (RFC 768) and in IPv6 (RFC 8200 §8.1).
func pseudo(src, dst netip.Addr, proto uint32, length int) uint32 {
	acc := sum(0, src.AsSlice())
	acc = sum(acc, dst.AsSlice())
	return acc + proto + uint32(length)
}
