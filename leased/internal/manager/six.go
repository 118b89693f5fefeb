// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/resolv"
)

// six is what a job does for IPv6. The kernel takes the routers' advertisements and
// makes the addresses that they ask for (SLAAC); six looks at what it has made, does
// DHCPv6 where the routers or the user want it, and holds up nobody for long. The
// methods of a nil six are those of a job without IPv6.
type six struct {
	mode       string
	identity   dhcp6.Identity
	machine    *lease6.Machine
	level      level
	remembered lease6.Lease // from before, to be asked for again

	off     string         // why there is none; empty: there is
	resumed bool           // the kernel has been told before we were started
	untold  bool           // and nobody of what came of it
	seen    binding.State6 // what the kernel had when it was looked at last
	bound   *binding.Spec6 // what DHCPv6 has brought to the kernel
	unsure  []netip.Addr   // of them, those whose DAD was not over then
	routers resolv.Names   // what routers have said of DNS last

	conn  kernel.DHCP6Conn
	xid   uint32             // that conn's filter lets in
	quiet clock.Instant      // when conn is closed for want of an answer
	ear   kernel.RoutersConn // what a router tells this container alone, while somebody waits

	began    clock.Instant // when somebody began to wait for IPv6; Never: nobody has
	asked    bool          // routers have been solicited
	until    clock.Instant // when nobody waits for IPv6 any more
	looks    int           // since then
	lookAt   clock.Instant // when the kernel is looked at next
	lacking  clock.Instant // since when there is no link-local address; Never: there is
	again    clock.Instant // when what could not be applied is tried once more
	failures int           // of Apply6 in a row
	moved    clock.Instant // when the lease is confirmed, after leased was started
}

// level is what DHCPv6 is asked for.
type level uint8

const (
	nothing level = iota
	others        // what is said beside addresses (RFC 8415 §18.2.6)
	addresses
)

func newSix(req leaseapi.AcquireRequest, random func() uint64) *six {
	mode := req.Policy.IPv6
	if mode == "" || mode == "off" {
		return nil
	}
	c := req.Client
	duid, _ := hex.DecodeString(c.DUID) // the server package has checked it
	s := &six{
		mode:     mode,
		identity: dhcp6.Identity{DUID: duid, IAID: c.IAID, Hostname: c.Hostname, UserClass: c.UserClass},
		quiet:    clock.Never, began: clock.Never, lookAt: clock.Never, lacking: clock.Never, again: clock.Never, moved: clock.Never,
	}
	s.machine = lease6.New(s.config(c, random))
	return s
}

func (s *six) config(c leaseapi.Client, random func() uint64) lease6.Config {
	return lease6.Config{DUID: s.identity.DUID, Requested: c.RequestIPv6, RapidCommit: c.RapidCommit, Rand: random}
}

// who is the client to DHCPv6 servers: a MAC may be another one's in time.
func (s *six) who() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%x/%d", s.identity.DUID, s.identity.IAID)
}

// only says that there is to be no IPv4.
func (s *six) only() bool { return s != nil && s.mode == "only" }

// on says that there is IPv6.
func (s *six) on() bool { return s != nil && s.off == "" }

// silent says that no socket is open.
func (s *six) silent() bool { return s == nil || s.conn == nil && s.ear == nil }

func (s *six) due() clock.Instant {
	if s == nil || s.off != "" {
		return clock.Never
	}
	return min(s.machine.Deadline(), s.quiet, s.lookAt, s.again, s.moved)
}

func (s *six) hangUp() {
	if s == nil {
		return
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.conn, s.xid, s.quiet = nil, 0, clock.Never
}

// deafen closes the ear.
func (s *six) deafen() {
	if s != nil && s.ear != nil {
		s.ear.Close()
		s.ear = nil
	}
}

// giveUp has nobody wait for IPv6 any longer.
func (s *six) giveUp() {
	if s != nil {
		s.until = 0
	}
}

// lease is what a server holds for us; without Addrs: nothing.
func (s *six) lease() lease6.Lease {
	return s.known(0)
}

// known is lease, unless it is over.
func (s *six) known(now clock.Instant) lease6.Lease {
	if s == nil || s.off != "" {
		return lease6.Lease{}
	}
	l, known := s.machine.Known(now)
	if s.level == nothing && len(l.Addrs) == 0 {
		l, known = s.remembered, now < expiry6(s.remembered)
	}
	if !known {
		return lease6.Lease{}
	}
	return l
}

// brought says whether addr is DHCPv6's.
func brought(s *binding.Spec6, addr netip.Addr) bool {
	return s != nil && slices.ContainsFunc(s.Addrs, func(l binding.Lifetime) bool { return l.Addr == addr })
}

// expiry6 is when the last address is over; 0: there is none.
func expiry6(l lease6.Lease) (last clock.Instant) {
	for _, a := range l.Addrs {
		last = max(last, a.Valid)
	}
	return last
}

// names is what DHCPv6 and the routers say of DNS.
func (s *six) names() []resolv.Names {
	if s == nil || s.off != "" {
		return nil
	}
	l, _ := s.machine.Lease()
	return []resolv.Names{{Servers: l.DNS, Search: l.Search}, s.routers}
}

// snapshot is what List and callers see of it.
func (s *six) snapshot() *snapshot6 {
	if s == nil || s.off != "" {
		return nil
	}
	shown := &snapshot6{addrs: s.addrs(), gateway: s.seen.Gateway, names: s.names()}
	if s.level > nothing {
		shown.state = s.machine.State().String()
	}
	return shown
}

// addrs are the addresses that can be used: what DHCPv6 has brought first, which the
// server's records and names are about, and what is deprecated last.
func (s *six) addrs() (all []leaseapi.Address6) {
	for _, a := range s.seen.Addrs {
		source := leaseapi.SourceDHCP
		switch {
		case !a.Usable || a.Failed:
			continue
		case brought(s.bound, a.Prefix.Addr()):
		case a.Autoconf:
			source = leaseapi.SourceSLAAC
		default:
			continue // the container's own doing
		}
		all = append(all, leaseapi.Address6{Address: a.Prefix, Source: source, Deprecated: a.Preferred == 0})
	}
	slices.SortStableFunc(all, func(a, b leaseapi.Address6) int { return rank(a) - rank(b) })
	return all
}

func rank(a leaseapi.Address6) (r int) {
	if a.Source != leaseapi.SourceDHCP {
		r++
	}
	if a.Deprecated {
		r += 2
	}
	return r
}

// record6 is the part of a record that is about IPv6.
type record6 struct {
	Lease   lease6.Lease   `json:"lease"`
	Bound   *binding.Spec6 `json:"bound,omitempty"`
	Routers resolv.Names   `json:"routers"`
}

func (s *six) record() *record6 {
	if s == nil {
		return nil
	}
	l := s.lease()
	if in, ok := s.machine.Lease(); ok {
		l = in
	}
	return &record6{Lease: l, Bound: s.bound, Routers: s.routers}
}

func (r *record6) lease() lease6.Lease {
	if r == nil {
		return lease6.Lease{}
	}
	return r.Lease
}

func (r *record6) check() error {
	if r == nil {
		return nil
	}
	for _, a := range r.Lease.Addrs {
		if !a.Addr.Is6() || len(r.Lease.Server) == 0 {
			return errors.New("a DHCPv6 lease without address or server")
		}
	}
	return nil
}

// resume goes on where a record was written.
func (s *six) resume(whole record, random func() uint64) {
	r, c := whole.Six, whole.Request.Client
	if s == nil || r == nil {
		return
	}
	s.resumed, s.untold, s.bound, s.routers = true, whole.Resolves == nil, r.Bound, r.Routers
	switch {
	case len(r.Lease.Addrs) > 0 && r.Bound == nil && !whole.Held: // the kernel has not got it yet
		s.remembered = r.Lease
	case len(r.Lease.Addrs) > 0:
		s.machine, s.level = lease6.Restore(s.config(c, random), r.Lease), addresses
	case len(r.Lease.Server) > 0:
		s.machine, s.level = lease6.Restore(s.config(c, random), r.Lease), others
	}
}

// revive is a lease of another boot by this one's clock: at is when it was written,
// ago how long that is ago.
func (r *record6) revive(at, now clock.Instant, ago time.Duration) {
	if r == nil {
		return
	}
	left := func(t clock.Instant) clock.Instant {
		switch {
		case t == clock.Never:
			return t
		case ago < 0 || t.Sub(at) < ago:
			return now
		}
		return now.Add(t.Sub(at) - ago)
	}
	l := &r.Lease
	l.Start, l.T1, l.T2, r.Bound = now, now, left(l.T2), nil
	for i := range l.Addrs {
		l.Addrs[i].Preferred, l.Addrs[i].Valid = left(l.Addrs[i].Preferred), left(l.Addrs[i].Valid)
	}
}
