// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"podman-net-dhcp/leased/internal/dnsname"
)

// advertisement is the ICMPv6 type (RFC 4861 §4.2); headLen is the size of the part
// before its options, in bytes.
const (
	advertisement = 134
	headLen       = 16
)

// Flags of the head, of which two bits are the preference (RFC 4191 §2.2), and of
// a prefix.
const (
	flagManaged    = 0x80
	flagOther      = 0x40
	flagAutonomous = 0x40
)

// The options that are read, and their least sizes in bytes. A prefix has only this
// size.
const (
	optPrefix = 3
	optDNS    = 25
	optSearch = 31

	prefixLen = 32
	dnsLen    = 8 // without addresses, as a search list's without names
)

// Reasons to refuse an advertisement (RFC 4861 §6.1.2).
var (
	errSource = errors.New("not from a link-local address")
	errType   = errors.New("not a router advertisement")
	errShort  = errors.New("too short")
	errOption = errors.New("an option of length 0 or beyond the end")
)

var linkLocal = netip.MustParsePrefix("fe80::/10")

// Parse reads an ICMPv6 message that a router has sent from the address from; the caller
// has checked hop limit and checksum. It refuses the messages that RFC 4861 §6.1.2
// refuses. It leaves out an option that is malformed, unknown, or one that hosts must
// ignore.
func Parse(icmp []byte, from netip.Addr) (Advertisement, error) {
	p := parser{a: Advertisement{From: from.WithZone("")}}
	if err := p.head(icmp); err != nil {
		return Advertisement{}, fmt.Errorf("router advertisement from %v: %w", from, err)
	}
	for rest := icmp[headLen:]; len(rest) > 0; {
		n := 0
		if len(rest) > 1 {
			n = int(rest[1]) * 8
		}
		if n == 0 || n > len(rest) {
			return Advertisement{}, fmt.Errorf("router advertisement from %v: %w", from, errOption)
		}
		p.option(rest[:n])
		rest = rest[n:]
	}
	return p.a, nil
}

// parser is an advertisement while it is read.
type parser struct {
	a            Advertisement
	addrs, names int // addresses and names so far
}

func (p *parser) head(icmp []byte) error {
	switch {
	case !linkLocal.Contains(p.a.From):
		return errSource
	case len(icmp) < headLen:
		return errShort
	case icmp[0] != advertisement || icmp[1] != 0:
		return errType
	}
	flags := icmp[5]
	p.a.Managed, p.a.Other = flags&flagManaged != 0, flags&flagOther != 0
	p.a.Lifetime = uint32(binary.BigEndian.Uint16(icmp[6:]))
	if p.a.Lifetime > 0 { // else it has none (RFC 4191 §2.2)
		p.a.Preference = preference(flags >> 3 & 3)
	}
	return nil
}

// preference reads two's complement; its fourth value, -2, is taken for medium.
func preference(bits uint8) int8 {
	switch bits {
	case 1:
		return 1
	case 3:
		return -1
	}
	return 0
}

// option reads one option, header and all.
func (p *parser) option(o []byte) {
	switch o[0] {
	case optPrefix:
		p.prefix(o)
	case optDNS:
		p.dns(o)
	case optSearch:
		p.search(o)
	}
}

func (p *parser) prefix(o []byte) {
	if len(o) != prefixLen {
		return
	}
	if len(p.a.Prefixes) >= MaxPrefixes {
		p.a.Excess = true
		return
	}
	addr := netip.AddrFrom16([16]byte(o[16:]))
	prefix, err := addr.Prefix(int(o[2]))
	valid, preferred := binary.BigEndian.Uint32(o[4:]), binary.BigEndian.Uint32(o[8:])
	// The last three are RFC 4862 §5.5.3's and the kernel's.
	if err != nil || preferred > valid || linkLocal.Contains(addr) || addr.IsMulticast() {
		return
	}
	p.a.Prefixes = append(p.a.Prefixes, Prefix{
		Prefix: prefix, Autonomous: o[3]&flagAutonomous != 0 && prefix.Bits() == 64, Preferred: preferred, Valid: valid,
	})
}

func (p *parser) dns(o []byte) {
	if len(o)%16 != dnsLen {
		return
	}
	var addrs []netip.Addr
	for rest := o[dnsLen:]; len(rest) > 0 && p.addrs < MaxDNS; rest = rest[16:] {
		addr := netip.AddrFrom16([16]byte(rest))
		if addr.IsGlobalUnicast() && !addr.Is4In6() {
			addrs = append(addrs, addr)
			p.addrs++
		}
	}
	if len(addrs) > 0 {
		p.a.DNS = append(p.a.DNS, Servers{addrs, binary.BigEndian.Uint32(o[4:])})
	}
}

// search reads names that are padded with zeroes; the padding reads as names without
// labels. OpenWrt 25.12 pads with what is in its memory.
func (p *parser) search(o []byte) {
	names := dnsname.List(uncompressed(o[dnsLen:]), MaxSearch-p.names)
	if len(names) == 0 {
		return
	}
	p.names += len(names)
	p.a.Search = append(p.a.Search, Domains{names, binary.BigEndian.Uint32(o[4:])})
}

// uncompressed returns the names before the first pointer, which RFC 8106 §5.2 forbids.
func uncompressed(names []byte) []byte {
	for pos := 0; pos < len(names); pos += 1 + int(names[pos]) {
		if names[pos] >= 0xc0 {
			return names[:pos]
		}
	}
	return names
}
