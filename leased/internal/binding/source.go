// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// Sources has answers leave by the interface that the question came in on, in a container with
// several networks. For each address there is a rule, which sends the packets from this address
// to a table of routes, and the table has only the routes of the address's interface. A question
// passes rp_filter=1 by the same rule: the kernel looks up the way back from its destination.
type Sources struct {
	// Others are the addresses of the other interfaces. One with a router is of another program,
	// such as Podman's bridge network, and gets a rule, too. Otherwise the answers to a published
	// port would leave by the lease's default route.
	Others []Other
}

// Equal reports whether both say the same. nil is equal to nil only.
func (s *Sources) Equal(o *Sources) bool {
	return s == o || s != nil && o != nil && slices.Equal(s.Others, o.Others)
}

// sourceTable plus the ifindex is the number of a table: 68 is the DHCP client's port.
const sourceTable = 68000

// sourcePriority is the place of the rules: before those of the main table (32766), and after
// those that a program in the container, such as wg-quick, adds without a priority of its own.
const sourcePriority = 32760

// sourced is a rule or a route that Sources has put into the kernel. A route has a destination.
type sourced struct {
	ifindex int
	addr    netip.Prefix // the source, and its subnet's length
	dst     netip.Prefix
	via     netip.Addr
	rule    bool
}

// key is the part that the kernel compares.
func (e sourced) key() sourced {
	if e.rule {
		e.addr = netip.PrefixFrom(e.addr.Addr(), 32)
		return e
	}
	return sourced{ifindex: e.ifindex, dst: e.dst}
}

// sourced returns the routes before the rule that leads to them.
func (s Spec) sourced() (all []sourced) {
	if s.Sources == nil {
		return nil
	}
	add := func(ifindex int, addr, subnet netip.Prefix, routes ...Route) {
		if subnet.Bits() < 32 {
			routes = append([]Route{{Dst: subnet}}, routes...)
		}
		for _, r := range normal(routes) {
			all = append(all, sourced{ifindex: ifindex, addr: addr, dst: r.Dst, via: r.Via})
		}
		all = append(all, sourced{ifindex: ifindex, addr: addr, rule: true})
	}
	add(s.Ifindex, s.Addr, s.Addr.Masked(), s.Routes...)
	for _, o := range s.Sources.Others {
		if !o.Via.IsValid() {
			continue
		}
		add(o.Ifindex, netip.PrefixFrom(o.Addr, o.Subnet.Bits()), o.Subnet, Route{Dst: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: o.Via})
	}
	return all
}

// putSources brings rules and their tables to next. Those that prev has, too, stay as they are;
// those that prev has and next has not go last.
func (c *Conn) putSources(next Spec, prev *Spec) error {
	var was []sourced
	if prev != nil {
		was = prev.sourced()
	}
	now := next.sourced()
	var r request
	for _, e := range now {
		r.newSourced(e, slices.Contains(was, e))
	}
	for _, e := range was {
		if !slices.ContainsFunc(now, func(n sourced) bool { return n.key() == e.key() }) {
			r.delSourced(e)
		}
	}
	if len(now) > 0 && !(slices.Equal(now, was) && next.Sources.Equal(prev.Sources)) {
		r.arpFilter(next.Ifindex)
		for _, o := range next.Sources.Others {
			if o.Subnet == next.Addr.Masked() {
				r.arpFilter(o.Ifindex) // its own lease may not know yet of this one
			}
		}
	}
	return c.sourcesSent(r)
}

// removeSources removes what putSources has put.
func (c *Conn) removeSources(s Spec) error {
	var r request
	for _, e := range s.sourced() {
		r.delSourced(e)
	}
	return c.sourcesSent(r)
}

// sourcesSent returns the first answer that is not as good as done: what is to be put is there,
// what is to be removed is not, or went with its interface.
func (c *Conn) sourcesSent(r request) error {
	if r.Len() == 0 {
		return nil
	}
	errs := c.send(r)
	if errors.Is(errs[0], rtnetlink.ErrUnanswered) && c.sock != nil { // as one does
		c.sock.Close()
		c.sock = nil
		errs = c.send(r)
	}
	var first error
	for _, err := range errs {
		switch {
		case errors.Is(err, unix.EEXIST), errors.Is(err, unix.ESRCH), errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV):
		default:
			first = cmp.Or(first, err)
		}
	}
	if first != nil {
		return fmt.Errorf("have answers leave by their own interface: %w", classify(first))
	}
	return nil
}

// newSourced adds the message that puts e. What is there stays; else a route of an earlier lease
// is replaced: the table belongs to nobody else.
func (r *request) newSourced(e sourced, there bool) {
	flags := uint16(unix.NLM_F_CREATE | unix.NLM_F_EXCL | unix.NLM_F_ACK)
	if e.rule {
		r.rule(unix.RTM_NEWRULE, flags, e)
		return
	}
	if !there {
		flags ^= unix.NLM_F_EXCL | unix.NLM_F_REPLACE
	}
	s := Spec{Ifindex: e.ifindex, Addr: e.addr}
	r.exactRoute(unix.RTM_NEWROUTE, s, Route{Dst: e.dst, Via: e.via}, flags, rtnetlink.Uint32(unix.RTA_TABLE, e.table()))
}

func (r *request) delSourced(e sourced) {
	if e.rule {
		r.rule(unix.RTM_DELRULE, unix.NLM_F_ACK, e)
		return
	}
	r.delRoute(Spec{Ifindex: e.ifindex}, e.dst, rtnetlink.Uint32(unix.RTA_TABLE, e.table()))
}

func (e sourced) table() uint32 { return sourceTable + uint32(e.ifindex) }

// rule adds a message about the rule: from ADDRESS lookup TABLE.
func (r *request) rule(kind, flags uint16, e sourced) {
	header := []byte{unix.AF_INET, 0, 32, 0, unix.RT_TABLE_UNSPEC, 0, 0, unix.FR_ACT_TO_TBL, 0, 0, 0, 0} // struct fib_rule_hdr
	r.Add(kind, flags, header,
		rtnetlink.Attr{Type: unix.FRA_SRC, Value: e.addr.Addr().AsSlice()},
		rtnetlink.Attr{Type: unix.FRA_PROTOCOL, Value: []byte{unix.RTPROT_DHCP}},
		rtnetlink.Uint32(unix.FRA_PRIORITY, sourcePriority),
		rtnetlink.Uint32(unix.FRA_TABLE, e.table()))
}

// arpFilter adds the message that has the interface answer ARP only for addresses whose packets
// leave by it. Otherwise Linux answers for each address by every interface of the LAN, and the
// question comes in by another one.
func (r *request) arpFilter(ifindex int) {
	const (
		inetConf = 1  // IFLA_INET_CONF of linux/if_link.h
		filter   = 13 // IPV4_DEVCONF_ARPFILTER of linux/ip.h
	)
	inet := rtnetlink.Nested(unix.AF_INET, rtnetlink.Nested(inetConf, rtnetlink.Uint32(filter, 1)))
	r.Add(unix.RTM_SETLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(ifindex, 0, 0), rtnetlink.Nested(unix.IFLA_AF_SPEC, inet))
}
