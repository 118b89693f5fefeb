// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// State6 is what the kernel has of IPv6 on one interface.
type State6 struct {
	LinkLocal       netip.Addr // usable, if only by optimistic DAD; invalid: none
	LinkLocalFailed bool       // none, for somebody else on the link has it
	Addrs           []Addr6    // of global scope, unique local ones included
	Gateway         netip.Addr // of the best default route that a router advertised; invalid: none

	// Advertised says that there was a router advertisement. One that came before the
	// kernel's first solicitation, which is after DAD, shows by what it brought only.
	Advertised bool
	// What the last one said is to be had by DHCPv6: addresses, or other things
	// (RFC 4861 §4.2).
	Managed, Other bool
}

// Addr6 is an address of an interface.
type Addr6 struct {
	Prefix           netip.Prefix
	Preferred, Valid time.Duration // left, in seconds; Forever; Preferred is 0 when deprecated
	Usable           bool          // DAD is over, or under way and optimistic
	Failed           bool          // somebody else on the link has it
	Settled          bool          // DAD is over, either way
	Autoconf         bool          // the kernel made it of a prefix that a router advertised
}

// Look6 reads the state of the interface in ns. Errors are ErrGone and the system's own.
func Look6(ns *netns.NS, ifindex int) (State6, error) {
	s, err := look6(ns, ifindex)
	if err != nil {
		return State6{}, fmt.Errorf("read IPv6 of interface %d: %w", ifindex, classify(err))
	}
	return s, nil
}

func look6(ns *netns.NS, ifindex int) (s State6, err error) {
	c, err := openRaw(ns)
	if err != nil {
		return s, err
	}
	defer c.Close()
	flags, err := c.raFlags(ifindex)
	if err != nil {
		return s, err
	}
	s.Managed, s.Other = flags&ifRAManaged != 0, flags&ifRAOther != 0
	all, err := dump(func() ([]rawAddr, error) { return c.addrs(ifindex) })
	if err != nil {
		return s, err
	}
	known, err := dump(func() (tables, error) { return c.tables(ifindex) })
	for _, a := range all {
		s.add(a, known.own)
	}
	s.LinkLocalFailed = s.LinkLocalFailed && !s.LinkLocal.IsValid()
	if len(known.routers) > 0 {
		s.Gateway = slices.MinFunc(known.routers, better).via
	}
	s.Advertised = flags&(ifRARcvd|ifRAManaged|ifRAOther) != 0 || s.Gateway.IsValid() ||
		slices.ContainsFunc(s.Addrs, func(a Addr6) bool { return a.Autoconf })
	return s, err
}

func (s *State6) add(a rawAddr, own map[netip.Addr]bool) {
	addr := a.addr6()
	// Linux begins with DAD in the background, and until then hears nobody who looks
	// for the address.
	addr.Usable = addr.Usable && (addr.Settled || own[a.prefix.Addr()])
	switch {
	case a.scope == unix.RT_SCOPE_UNIVERSE:
		s.Addrs = append(s.Addrs, addr)
	case a.scope != unix.RT_SCOPE_LINK:
	case addr.Failed:
		s.LinkLocalFailed = true
	case addr.Usable && (addr.Settled || !s.LinkLocal.IsValid()):
		s.LinkLocal = a.prefix.Addr()
	}
}

func (a rawAddr) addr6() Addr6 {
	failed, tentative := a.flags&unix.IFA_F_DADFAILED != 0, a.flags&unix.IFA_F_TENTATIVE != 0
	return Addr6{
		Prefix: a.prefix, Preferred: left(a.preferred), Valid: left(a.valid),
		Usable:  !tentative || a.flags&unix.IFA_F_OPTIMISTIC != 0, // failed is tentative for ever
		Failed:  failed,
		Settled: failed || !tentative,
		// So the kernel marks what it makes of advertised prefixes, with temporary
		// addresses beside it or not; IFA_PROTO would say it too, from Linux 5.18 on.
		Autoconf: a.flags&(unix.IFA_F_MANAGETEMPADDR|unix.IFA_F_TEMPORARY) != 0,
	}
}
