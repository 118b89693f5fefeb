// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"cmp"
	"math"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// From linux/if_link.h and net/if_inet6.h; x/sys/unix does not have them.
const (
	iflaInet6Flags = 1
	iflaInet6Conf  = 2
	iflaInet6Mode  = 8  // IFLA_INET6_ADDR_GEN_MODE
	acceptRA       = 3  // DEVCONF_ACCEPT_RA of linux/ipv6.h: accept_ra's place in that
	acceptRAPinfo  = 18 // DEVCONF_ACCEPT_RA_PINFO
	ifRAOther      = 0x80
	ifRAManaged    = 0x40
	ifRARcvd       = 0x20
)

// raState is what the kernel says of an interface's IPv6; the zero state: it has none.
type raState struct {
	flags uint32 // IF_RA_*
	deaf  bool   // accept_ra_pinfo is 0
	plain bool   // interface identifiers are made of the MAC, and accept_ra is not ours
}

func readRAState(c *rtnetlink.Conn, ifindex int) (s raState, err error) {
	const skipStats = 8 // RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h
	link, err := c.Ask(unix.RTM_GETLINK, 0, rtnetlink.LinkHeader(ifindex, 0, 0), rtnetlink.Uint32(unix.IFLA_EXT_MASK, skipStats))
	if err != nil {
		return s, err
	}
	spec := attribute(link[min(len(link), unix.SizeofIfInfomsg):], unix.IFLA_AF_SPEC)
	inet6 := attribute(spec, unix.AF_INET6)
	if conf := attribute(inet6, iflaInet6Conf); len(conf) >= (acceptRAPinfo+1)*4 {
		s.deaf = rtnetlink.Number(conf[acceptRAPinfo*4:]) == 0
		mode := attribute(inet6, iflaInet6Mode) // 0: IN6_ADDR_GEN_MODE_EUI64
		s.plain = len(mode) == 1 && mode[0] == 0 && rtnetlink.Number(conf[acceptRA*4:]) != 2
	}
	s.flags = rtnetlink.Number(attribute(inet6, iflaInet6Flags))
	return s, nil
}

// attribute returns the value of an attribute; nil if it is not there.
func attribute(b []byte, kind uint16) []byte {
	for k, value := range rtnetlink.Attrs(b) {
		if k == kind {
			return value
		}
	}
	return nil
}

// rawAddr is an address in the kernel's terms.
type rawAddr struct {
	prefix           netip.Prefix
	flags            uint32 // IFA_F_*
	scope            uint8  // RT_SCOPE_*
	preferred, valid uint32 // seconds
	made             uint32 // hundredths of a second since boot
}

// addrs6 returns the IPv6 addresses of one interface.
func addrs6(ns *netns.NS, ifindex int) (out []rawAddr, err error) {
	header := []byte{unix.AF_INET6, 0, 0, 0, 0, 0, 0, 0} // struct ifaddrmsg
	native.PutUint32(header[4:], uint32(ifindex))
	err = list(ns, unix.RTM_GETADDR, header, nil, func() { out = nil }, func(body []byte) {
		if a, ok := parseAddr6(body, ifindex); ok {
			out = append(out, a)
		}
	})
	return out, err
}

func parseAddr6(body []byte, ifindex int) (a rawAddr, ok bool) {
	if len(body) < unix.SizeofIfAddrmsg || int(native.Uint32(body[4:])) != ifindex {
		return a, false
	}
	a.scope = body[3]
	var local, address, times []byte
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_LOCAL: // beside it, with a peer, IFA_ADDRESS is the peer's
			local = value
		case unix.IFA_ADDRESS:
			address = value
		case unix.IFA_FLAGS:
			a.flags = rtnetlink.Number(value)
		case unix.IFA_CACHEINFO:
			times = value
		}
	}
	if local == nil {
		local = address
	}
	addr, ok := netip.AddrFromSlice(local)
	if !ok || len(times) < unix.SizeofIfaCacheinfo {
		return a, false
	}
	a.prefix = netip.PrefixFrom(addr, int(body[1]))
	a.preferred, a.valid, a.made = rtnetlink.Number(times), rtnetlink.Number(times[4:]), rtnetlink.Number(times[8:])
	return a, true
}

// maxAsked is how many addresses the kernel is asked about, all in one request: more than
// are tentative at a time on an interface that only routers and servers give addresses.
const maxAsked = 64

// taken returns the addresses whose packets the kernel takes, of the first maxAsked.
func taken(c *rtnetlink.Conn, ifindex int, addrs []netip.Addr) map[netip.Addr]bool {
	addrs = addrs[:min(len(addrs), maxAsked)]
	var r rtnetlink.Request
	for _, a := range addrs {
		header := make([]byte, unix.SizeofRtMsg)
		header[0], header[1] = unix.AF_INET6, 128
		native.PutUint32(header[8:], unix.RTM_F_FIB_MATCH)
		r.Add(unix.RTM_GETROUTE, 0, header, rtnetlink.Attr{Type: unix.RTA_DST, Value: a.AsSlice()}, rtnetlink.Uint32(unix.RTA_OIF, uint32(ifindex)))
	}
	out := map[netip.Addr]bool{}
	for i, answer := range c.Do(r) {
		const kind = 7 // offset of rtm_type
		if len(answer.Body) >= unix.SizeofRtMsg && answer.Body[kind] == unix.RTN_LOCAL {
			out[addrs[i]] = true
		}
	}
	return out
}

// router is an advertised default route.
type router struct {
	via        netip.Addr
	metric     uint32
	preference int // RFC 4191 §2.1: high is 1, medium 0, low -1
}

// better is negative if the kernel prefers a of two reachable routers.
func better(a, b router) int {
	return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(b.preference, a.preference))
}

// bestRouter returns the router that the kernel prefers of those on an interface; the zero
// router if there is none.
func bestRouter(ns *netns.NS, ifindex int) (best router, err error) {
	header := make([]byte, unix.SizeofRtMsg)
	header[0], header[4], header[5] = unix.AF_INET6, unix.RT_TABLE_MAIN, unix.RTPROT_RA
	on := []rtnetlink.Attr{rtnetlink.Uint32(unix.RTA_OIF, uint32(ifindex))}
	err = list(ns, unix.RTM_GETROUTE, header, on, func() { best = router{} }, func(body []byte) {
		if r, ok := parseRouter(body, ifindex); ok && (!best.via.IsValid() || better(r, best) < 0) {
			best = r
		}
	})
	return best, err
}

func parseRouter(body []byte, ifindex int) (r router, ok bool) {
	const length, protocol = 1, 5 // offsets of rtm_dst_len and rtm_protocol
	if len(body) < unix.SizeofRtMsg || body[length] != 0 || body[protocol] != unix.RTPROT_RA {
		return r, false
	}
	on := uint32(0)
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofRtMsg:]) {
		switch kind {
		case unix.RTA_GATEWAY:
			r.via, _ = netip.AddrFromSlice(value)
		case unix.RTA_OIF:
			on = rtnetlink.Number(value)
		case unix.RTA_PRIORITY:
			r.metric = rtnetlink.Number(value)
		case unix.RTA_PREF:
			if len(value) == 1 {
				r.preference = int(int8(value[0]<<6) >> 6)
			}
		}
	}
	return r, r.via.IsValid() && int(on) == ifindex
}

// left converts a lifetime from the kernel's form.
func left(seconds uint32) time.Duration {
	if seconds == math.MaxUint32 {
		return Forever
	}
	return time.Duration(seconds) * time.Second
}
