// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// From linux/if_link.h and net/if_inet6.h; x/sys/unix does not have them.
const (
	iflaInet6Flags = 1
	ifRAOther      = 0x80
	ifRAManaged    = 0x40
	ifRARcvd       = 0x20
)

// raw is rtnetlink in a namespace for the parts that netlink.Handle does not read: the
// flags of the last advertisement and the preference of a router.
type raw map[int]*nl.SocketHandle

func openRaw(ns *netns.NS) (raw, error) {
	var s *nl.NetlinkSocket
	err := ns.Do(func() (err error) { s, err = nl.Subscribe(unix.NETLINK_ROUTE); return err })
	return raw{unix.NETLINK_ROUTE: {Socket: s}}, err
}

func (c raw) Close() { c[unix.NETLINK_ROUTE].Close() }

func (c raw) ask(kind, flags int, what nl.NetlinkRequestData, answer uint16) ([][]byte, error) {
	req := nl.NewNetlinkRequest(kind, flags)
	req.Sockets = c
	req.AddData(what)
	return req.Execute(unix.NETLINK_ROUTE, answer)
}

// raFlags returns the IF_RA_* flags of an interface; 0 if it has no IPv6.
func (c raw) raFlags(ifindex int) (flags uint32, err error) {
	what := nl.NewIfInfomsg(unix.AF_UNSPEC)
	what.Index = int32(ifindex)
	links, err := c.ask(unix.RTM_GETLINK, 0, what, unix.RTM_NEWLINK)
	for _, link := range links {
		spec := attributes(link, unix.SizeofIfInfomsg)[unix.IFLA_AF_SPEC]
		inet6 := attributes(spec, 0)[unix.AF_INET6]
		flags = number32(attributes(inet6, 0)[iflaInet6Flags])
	}
	return flags, err
}

// rawAddr is an address in the kernel's terms.
type rawAddr struct {
	prefix           netip.Prefix
	flags            uint32 // IFA_F_*
	scope            uint8  // RT_SCOPE_*
	preferred, valid uint32 // seconds
}

func (c raw) addrs(ifindex int) (out []rawAddr, err error) {
	all, err := c.ask(unix.RTM_GETADDR, unix.NLM_F_DUMP, nl.NewIfAddrmsg(unix.AF_INET6), unix.RTM_NEWADDR)
	for _, m := range all {
		head := nl.DeserializeIfAddrmsg(m)
		attrs := attributes(m, unix.SizeofIfAddrmsg)
		text := attrs[unix.IFA_LOCAL] // beside it, with a peer, IFA_ADDRESS is the peer's
		if text == nil {
			text = attrs[unix.IFA_ADDRESS]
		}
		addr, ok := netip.AddrFromSlice(text)
		times := attrs[unix.IFA_CACHEINFO]
		if !ok || int(head.Index) != ifindex || len(times) < unix.SizeofIfaCacheinfo {
			continue
		}
		out = append(out, rawAddr{
			prefix: netip.PrefixFrom(addr, int(head.Prefixlen)), scope: head.Scope,
			flags: number32(attrs[unix.IFA_FLAGS]), preferred: number32(times), valid: number32(times[4:]),
		})
	}
	return out, err
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

// tables holds the relevant content of an interface's routing tables.
type tables struct {
	routers []router
	own     map[netip.Addr]bool // the addresses whose packets the kernel takes
}

func (c raw) tables(ifindex int) (out tables, err error) {
	what := &nl.RtMsg{RtMsg: unix.RtMsg{Family: unix.AF_INET6}}
	all, err := c.ask(unix.RTM_GETROUTE, unix.NLM_F_DUMP, what, unix.RTM_NEWROUTE)
	out.own = map[netip.Addr]bool{}
	for _, m := range all {
		head := nl.DeserializeRtMsg(m)
		attrs := attributes(m, unix.SizeofRtMsg)
		if dst, ok := netip.AddrFromSlice(attrs[unix.RTA_DST]); ok && head.Type == unix.RTN_LOCAL {
			out.own[dst] = true
		}
		if head.Dst_len != 0 || head.Protocol != unix.RTPROT_RA {
			continue
		}
		via, ok := netip.AddrFromSlice(attrs[unix.RTA_GATEWAY])
		if !ok || int(number32(attrs[unix.RTA_OIF])) != ifindex {
			continue
		}
		r := router{via: via, metric: number32(attrs[unix.RTA_PRIORITY])}
		if p := attrs[unix.RTA_PREF]; len(p) == 1 {
			r.preference = int(int8(p[0]<<6) >> 6)
		}
		out.routers = append(out.routers, r)
	}
	return out, err
}

// attributes returns the attributes of a message after its header, by type.
func attributes(m []byte, header int) map[uint16][]byte {
	if len(m) < header {
		return nil
	}
	all, _ := nl.ParseRouteAttr(m[header:])
	out := make(map[uint16][]byte, len(all))
	for _, a := range all {
		out[a.Attr.Type&nl.NLA_TYPE_MASK] = a.Value
	}
	return out
}

func number32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}

// left converts a lifetime from the kernel's form.
func left(seconds uint32) time.Duration {
	if seconds == math.MaxUint32 {
		return Forever
	}
	return time.Duration(seconds) * time.Second
}
