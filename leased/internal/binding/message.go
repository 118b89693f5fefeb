// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

var native = binary.NativeEndian

// request is a row of messages that are sent in one system call.
type request struct{ rtnetlink.Request }

// mtu adds the message that sets the MTU of s.
func (r *request) mtu(s Spec) {
	r.Add(unix.RTM_SETLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(s.Ifindex, 0, 0), rtnetlink.Uint32(unix.IFLA_MTU, uint32(s.MTU)))
}

// addr adds the message of putAddr.
func (r *request) addr(s Spec) {
	header := []byte{unix.AF_INET, uint8(s.Addr.Bits()), 0, unix.RT_SCOPE_UNIVERSE, 0, 0, 0, 0} // struct ifaddrmsg
	native.PutUint32(header[4:], uint32(s.Ifindex))
	addr, valid := s.Addr.Addr().AsSlice(), uint32(seconds(s.Valid))
	times := native.AppendUint32(make([]byte, 0, unix.SizeofIfaCacheinfo), valid) // preferred
	times = native.AppendUint32(times, valid)[:unix.SizeofIfaCacheinfo]
	attrs := []rtnetlink.Attr{
		{Type: unix.IFA_LOCAL, Value: addr}, {Type: unix.IFA_ADDRESS, Value: addr}, {Type: unix.IFA_CACHEINFO, Value: times},
	}
	if s.Addr.Bits() < 31 { // RFC 3021: shorter subnets have a broadcast address
		attrs = append(attrs, rtnetlink.Attr{Type: unix.IFA_BROADCAST, Value: broadcast(s.Addr)})
	}
	r.Add(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE|unix.NLM_F_ACK, header, attrs...)
}

// broadcast returns the last address of an IPv4 subnet.
func broadcast(p netip.Prefix) []byte {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return b
}

// subnet adds the message that adds the route to the subnet of s, as the kernel makes it with
// the address. It fails with EEXIST if there is such a route, of whichever address.
func (r *request) subnet(s Spec) {
	header := []byte{
		unix.AF_INET, uint8(s.Addr.Bits()), 0, 0, // struct rtmsg
		unix.RT_TABLE_MAIN, unix.RTPROT_KERNEL, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0,
	}
	r.Add(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, header,
		rtnetlink.Attr{Type: unix.RTA_DST, Value: s.Addr.Masked().Addr().AsSlice()},
		rtnetlink.Attr{Type: unix.RTA_PREFSRC, Value: s.Addr.Addr().AsSlice()},
		rtnetlink.Uint32(unix.RTA_OIF, uint32(s.Ifindex)))
}

// addRoute adds the message that adds a route, and fails with EEXIST if its metric is
// taken.
func (r *request) addRoute(s Spec, want Route) {
	r.route(s, want, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
}

// hasRoute adds the message that changes nothing: it fails with EEXIST if exactly this
// route is there, and in another way if not (fib_table_insert in net/ipv4/fib_trie.c,
// without NLM_F_CREATE and NLM_F_REPLACE).
func (r *request) hasRoute(s Spec, want Route) { r.route(s, want, 0) }

func (r *request) route(s Spec, want Route, flags uint16) {
	r.exactRoute(unix.RTM_NEWROUTE, s, want, flags)
}

// delRoute adds the message that removes a route to that destination. The kernel compares
// protocol, interface and metric, so the route belongs to no other program.
func (r *request) delRoute(s Spec, dst netip.Prefix, more ...rtnetlink.Attr) {
	header := []byte{
		unix.AF_INET, uint8(dst.Bits()), 0, 0,
		unix.RT_TABLE_MAIN, unix.RTPROT_DHCP, unix.RT_SCOPE_NOWHERE, 0, 0, 0, 0, 0, // of any scope and type
	}
	attrs := []rtnetlink.Attr{
		{Type: unix.RTA_DST, Value: dst.Addr().AsSlice()}, rtnetlink.Uint32(unix.RTA_OIF, uint32(s.Ifindex)),
	}
	if s.Metric > 0 {
		attrs = append(attrs, rtnetlink.Uint32(unix.RTA_PRIORITY, uint32(s.Metric)))
	}
	r.Add(unix.RTM_DELROUTE, unix.NLM_F_ACK, header, append(attrs, more...)...)
}

// exactRoute adds a message about exactly this route. more may name another table than main.
func (r *request) exactRoute(kind uint16, s Spec, want Route, flags uint16, more ...rtnetlink.Attr) {
	m := route(s, want)
	header := []byte{
		unix.AF_INET, uint8(want.Dst.Bits()), 0, 0, // struct rtmsg
		uint8(m.Table), uint8(m.Protocol), uint8(m.Scope), unix.RTN_UNICAST, 0, 0, 0, 0,
	}
	native.PutUint32(header[8:], uint32(m.Flags))
	attrs := []rtnetlink.Attr{
		{Type: unix.RTA_DST, Value: want.Dst.Addr().AsSlice()},
		{Type: unix.RTA_PREFSRC, Value: m.Src},
		rtnetlink.Uint32(unix.RTA_OIF, uint32(m.LinkIndex)),
	}
	if m.Gw != nil {
		attrs = append(attrs, rtnetlink.Attr{Type: unix.RTA_GATEWAY, Value: m.Gw})
	}
	if m.Priority > 0 {
		attrs = append(attrs, rtnetlink.Uint32(unix.RTA_PRIORITY, uint32(m.Priority)))
	}
	r.Add(kind, flags|unix.NLM_F_ACK, header, append(attrs, more...)...)
}
