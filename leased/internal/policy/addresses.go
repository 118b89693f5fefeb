// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"podman-net-dhcp/internal/options"
)

// macs is the limit of MACs: blocks of them, random ones, or any.
type macs struct {
	blocks      []block
	random, any bool
}

// block is all MACs that begin with the bits of mac.
type block struct {
	mac  net.HardwareAddr
	bits int // 0 to 48
}

func (m *macs) parse(value string) error {
	for one := range strings.SplitSeq(value, ",") {
		switch one {
		case every:
			m.any = true
		case "random":
			m.random = true
		case "stable": // it always may be
		default:
			b, ok := parseBlock(one)
			if !ok {
				return errors.New("want any, random, a MAC as 02:00:00:00:07:01, MAC/BITS, or several with commas")
			}
			m.blocks = append(m.blocks, b)
		}
	}
	return nil
}

func parseBlock(text string) (b block, ok bool) {
	text, bits, has := strings.Cut(text, "/")
	b.bits = 48
	var err error
	if has {
		b.bits, err = strconv.Atoi(bits)
	}
	if err != nil || b.bits < 0 || b.bits > 48 {
		return b, false
	}
	b.mac, err = net.ParseMAC(text)
	return b, err == nil && len(b.mac) == 6
}

func (b block) contains(mac net.HardwareAddr) bool {
	for i := range b.bits {
		if (b.mac[i/8]^mac[i/8])&(0x80>>(i%8)) != 0 {
			return false
		}
	}
	return true
}

func (m macs) lacks(o options.Options) string {
	switch {
	case m.any, o.MAC == nil && (o.MACFrom != "random" || m.random):
		return ""
	case o.MAC == nil:
		return o.MACFrom
	case slices.ContainsFunc(m.blocks, func(b block) bool { return b.contains(o.MAC) }):
		return ""
	}
	return o.MAC.String()
}

// addresses is the limit of IPv4 addresses: ranges of them, or any.
type addresses struct {
	ranges []span
	any    bool
}

// span is the addresses from first to last.
type span struct{ first, last netip.Addr }

func (a *addresses) parse(value string) error {
	for one := range strings.SplitSeq(value, ",") {
		if one == every {
			a.any = true
			continue
		}
		s, ok := parseSpan(one)
		if !ok {
			return errors.New("want any, an IPv4 address, FIRST-LAST, a prefix as 192.0.2.0/28, or several with commas")
		}
		a.ranges = append(a.ranges, s)
	}
	return nil
}

func parseSpan(text string) (s span, ok bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		s.first = prefix.Masked().Addr()
		last := s.first.AsSlice()
		for i, m := range net.CIDRMask(prefix.Bits(), s.first.BitLen()) {
			last[i] |= ^m
		}
		s.last, _ = netip.AddrFromSlice(last)
		return s, s.first.Is4()
	}
	first, last, has := strings.Cut(text, "-")
	if !has {
		last = first
	}
	var err, err2 error
	s.first, err = netip.ParseAddr(first)
	s.last, err2 = netip.ParseAddr(last)
	return s, errors.Join(err, err2) == nil && s.first.Is4() && s.last.Is4() && !s.last.Less(s.first)
}

func (a addresses) lacks(o options.Options) string {
	ip := o.RequestIP
	if a.any || !ip.IsValid() || slices.ContainsFunc(a.ranges, func(s span) bool { return !ip.Less(s.first) && !s.last.Less(ip) }) {
		return ""
	}
	return ip.String()
}
