// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// expression is a part of a rule. The parts are evaluated in their order. A part that does
// not match ends the rule, and so does one whose bytes the frame does not have.
type expression = rtnetlink.Attr

func expr(name string, attrs ...rtnetlink.Attr) expression {
	return rtnetlink.Nested(unix.NFTA_LIST_ELEM,
		rtnetlink.String(unix.NFTA_EXPR_NAME, name), rtnetlink.Nested(unix.NFTA_EXPR_DATA, attrs...))
}

// The registers that the parts of a rule work with, of 4 bytes each. A key of a set begins
// in the first one with the port's ifindex.
const (
	first  = unix.NFT_REG32_00
	second = first + 1
)

// field is a field of a frame.
type field struct{ base, offset, size uint32 }

// The fields that the rules look at. The offsets are those of Ethernet, ARP (RFC 826), IPv4,
// UDP, and of BOOTP's messages (RFC 951) behind UDP's header.
var (
	groupOf   = field{unix.NFT_PAYLOAD_LL_HEADER, 0, 5} // the destination without its last byte
	sourceMAC = field{unix.NFT_PAYLOAD_LL_HEADER, 6, 6}
	etherType = field{unix.NFT_PAYLOAD_LL_HEADER, 12, 2}

	arpSHA       = field{unix.NFT_PAYLOAD_NETWORK_HEADER, 8, 6}
	arpSPA       = field{unix.NFT_PAYLOAD_NETWORK_HEADER, 14, 4}
	ipv4Fragment = field{unix.NFT_PAYLOAD_NETWORK_HEADER, 6, 2}
	sourceIPv4   = field{unix.NFT_PAYLOAD_NETWORK_HEADER, 12, 4}

	destinationPort = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2}
	bothPorts       = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4}
	icmpType        = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1}
	ciaddr          = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 8 + 12, 4}
	giaddr          = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 8 + 24, 4}
	chaddr          = field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 8 + 28, 6}
)

func (f field) load(register uint32) expression {
	return expr("payload", number(unix.NFTA_PAYLOAD_DREG, register), number(unix.NFTA_PAYLOAD_BASE, f.base),
		number(unix.NFTA_PAYLOAD_OFFSET, f.offset), number(unix.NFTA_PAYLOAD_LEN, f.size))
}

// is matches a field that has these bytes, isNot all others that have the field.
func (f field) is(value ...byte) []expression {
	return []expression{f.load(first), compare(unix.NFT_CMP_EQ, value)}
}

func (f field) isNot(value ...byte) []expression {
	return []expression{f.load(first), compare(unix.NFT_CMP_NEQ, value)}
}

// of matches a field that a set has for the frame's port, notOf one that it does not have.
func (f field) of(set string) []expression    { return f.look(set, 0) }
func (f field) notOf(set string) []expression { return f.look(set, unix.NFT_LOOKUP_F_INV) }

func (f field) look(set string, flags uint32) []expression {
	return []expression{meta(unix.NFT_META_IIF), f.load(second), expr("lookup",
		rtnetlink.String(unix.NFTA_LOOKUP_SET, set), number(unix.NFTA_LOOKUP_SREG, first), number(unix.NFTA_LOOKUP_FLAGS, flags))}
}

func meta(key uint32) expression {
	return expr("meta", number(unix.NFTA_META_DREG, first), number(unix.NFTA_META_KEY, key))
}

func compare(op uint32, value []byte) expression {
	return expr("cmp", number(unix.NFTA_CMP_SREG, first), number(unix.NFTA_CMP_OP, op), data(unix.NFTA_CMP_DATA, value))
}

func data(kind uint16, value []byte) rtnetlink.Attr {
	return rtnetlink.Nested(kind, rtnetlink.Attr{Type: unix.NFTA_DATA_VALUE, Value: value})
}

// protocol matches packets of IPv4 or IPv6 by the protocol behind their last header.
func protocol(is byte) []expression {
	return []expression{meta(unix.NFT_META_L4PROTO), compare(unix.NFT_CMP_EQ, []byte{is})}
}

// udpTo matches UDP to a port.
func udpTo(port uint16) []expression {
	return slices.Concat(protocol(unix.IPPROTO_UDP), destinationPort.is(byte(port>>8), byte(port)))
}

// icmpv6 matches a kind of message.
func icmpv6(kind byte) []expression {
	return slices.Concat(protocol(unix.IPPROTO_ICMPV6), icmpType.is(kind))
}

// moreFragments matches the fragments of an IPv4 packet, but not its last one (RFC 791 §3.1).
func moreFragments() []expression {
	return slices.Concat([]expression{ipv4Fragment.load(first)}, masked(0x20, 0), []expression{compare(unix.NFT_CMP_NEQ, []byte{0, 0})})
}

// laterFragment matches each fragment of an IPv6 packet but the first (RFC 8200 §4.5).
func laterFragment() []expression {
	return slices.Concat(fragmentHeader(2, 2), masked(0xff, 0xf8), []expression{compare(unix.NFT_CMP_NEQ, []byte{0, 0})})
}

// fragmentOf matches a fragment of an IPv6 packet by the header behind the fragment's own.
func fragmentOf(header byte) []expression {
	return append(fragmentHeader(0, 1), compare(unix.NFT_CMP_EQ, []byte{header}))
}

// fragmentHeader loads a field of IPv6's Fragment header, if there is one.
func fragmentHeader(offset, size uint32) []expression {
	return []expression{expr("exthdr", number(unix.NFTA_EXTHDR_DREG, first),
		rtnetlink.Attr{Type: unix.NFTA_EXTHDR_TYPE, Value: []byte{unix.IPPROTO_FRAGMENT}},
		number(unix.NFTA_EXTHDR_OFFSET, offset), number(unix.NFTA_EXTHDR_LEN, size))}
}

// masked clears the bits of a field that the mask does not have.
func masked(mask ...byte) []expression {
	return []expression{expr("bitwise", number(unix.NFTA_BITWISE_SREG, first), number(unix.NFTA_BITWISE_DREG, first),
		number(unix.NFTA_BITWISE_LEN, uint32(len(mask))),
		data(unix.NFTA_BITWISE_MASK, mask), data(unix.NFTA_BITWISE_XOR, make([]byte, len(mask))))}
}

// onPort matches frames of a port.
func onPort(index int) []expression {
	return []expression{meta(unix.NFT_META_IIF), compare(unix.NFT_CMP_EQ, binary.NativeEndian.AppendUint32(nil, uint32(index)))}
}

// The ends of a rule.
var (
	accept = []expression{verdict(number(unix.NFTA_VERDICT_CODE, 1))}                  // NF_ACCEPT
	drop   = []expression{expr("counter"), verdict(number(unix.NFTA_VERDICT_CODE, 0))} // NF_DROP
)

func goTo(chain string) []expression {
	code := int32(unix.NFT_GOTO)
	return []expression{verdict(number(unix.NFTA_VERDICT_CODE, uint32(code)), rtnetlink.String(unix.NFTA_VERDICT_CHAIN, chain))}
}

func verdict(attrs ...rtnetlink.Attr) expression {
	return expr("immediate", number(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT),
		rtnetlink.Nested(unix.NFTA_IMMEDIATE_DATA, rtnetlink.Nested(unix.NFTA_DATA_VERDICT, attrs...)))
}
