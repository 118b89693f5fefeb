// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// request begins a request of this Conn.
func (c *Conn) request() request { return request{first: c.seq + 1} }

// send is exchange; the next request has other sequence numbers.
func (c *Conn) send(r request) answers {
	c.seq += r.n
	return c.exchange(r)
}

// mtu adds the message that sets the MTU of s.
func (r *request) mtu(s Spec) {
	r.add(unix.RTM_SETLINK, unix.NLM_F_ACK, linkHeader(s.Ifindex), attribute{unix.IFLA_MTU, number(s.MTU)})
}

// linkHeader returns a struct ifinfomsg.
func linkHeader(ifindex int) []byte {
	h := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(h[4:], uint32(ifindex))
	return h
}

// addr adds the message of putAddr.
func (r *request) addr(s Spec) {
	header := []byte{unix.AF_INET, uint8(s.Addr.Bits()), 0, unix.RT_SCOPE_UNIVERSE, 0, 0, 0, 0} // struct ifaddrmsg
	native.PutUint32(header[4:], uint32(s.Ifindex))
	addr, valid := s.Addr.Addr().AsSlice(), uint32(seconds(s.Valid))
	times := native.AppendUint32(make([]byte, 0, unix.SizeofIfaCacheinfo), valid) // preferred
	times = native.AppendUint32(times, valid)[:unix.SizeofIfaCacheinfo]
	attrs := []attribute{{unix.IFA_LOCAL, addr}, {unix.IFA_ADDRESS, addr}, {unix.IFA_CACHEINFO, times}}
	if s.Addr.Bits() < 31 { // RFC 3021: shorter subnets have a broadcast address
		attrs = append(attrs, attribute{unix.IFA_BROADCAST, broadcast(s.Addr)})
	}
	r.add(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE|unix.NLM_F_ACK, header, attrs...)
}

// broadcast returns the last address of an IPv4 subnet.
func broadcast(p netip.Prefix) []byte {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return b
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
	m := route(s, want)
	header := []byte{
		unix.AF_INET, uint8(want.Dst.Bits()), 0, 0, // struct rtmsg
		uint8(m.Table), uint8(m.Protocol), uint8(m.Scope), unix.RTN_UNICAST, 0, 0, 0, 0,
	}
	native.PutUint32(header[8:], uint32(m.Flags))
	attrs := []attribute{
		{unix.RTA_DST, want.Dst.Addr().AsSlice()}, {unix.RTA_PREFSRC, m.Src}, {unix.RTA_OIF, number(m.LinkIndex)},
	}
	if m.Gw != nil {
		attrs = append(attrs, attribute{unix.RTA_GATEWAY, m.Gw})
	}
	if m.Priority > 0 {
		attrs = append(attrs, attribute{unix.RTA_PRIORITY, number(m.Priority)})
	}
	r.add(unix.RTM_NEWROUTE, flags|unix.NLM_F_ACK, header, attrs...)
}

func number(n int) []byte { return native.AppendUint32(nil, uint32(n)) }
