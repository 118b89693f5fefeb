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

// State6 is the IPv6 state of one interface in the kernel.
type State6 struct {
	LinkLocal       netip.Addr // usable, if only by optimistic DAD; invalid: none
	LinkLocalFailed bool       // not usable: another host on the link has it
	Addrs           []Addr6    // of global scope, unique local ones included
	Gateway         netip.Addr // of the best default route that a router advertised; invalid: none

	// Advertised says that there was a router advertisement. One that came before the
	// kernel's first solicitation, which follows DAD, shows only by its effects.
	Advertised bool
	// Deaf says that the kernel takes no routers and prefixes; see Heed.
	Deaf bool
	// Plain says that all settings are the kernel's own: it makes interface identifiers of the
	// MAC, and accept_ra is not Autoconf's. With a secret of Autoconf that is so when an MTU below
	// 1280 has taken IPv6 away, and IPv6 comes back. A user who wants such identifiers sets
	// addr_gen_mode alone.
	Plain bool
	// What the last advertisement offers by DHCPv6: addresses, or other settings (RFC
	// 4861 §4.2).
	Managed, Other bool
}

// Addr6 is an address of an interface.
type Addr6 struct {
	Prefix           netip.Prefix
	Preferred, Valid time.Duration // left, in seconds; Forever; Preferred is 0 when deprecated
	Usable           bool          // DAD has ended, or is running and optimistic
	Failed           bool          // another host on the link has it
	Settled          bool          // DAD has ended, either way
	Autoconf         bool          // the kernel made it from an advertised prefix
}

// Look6 reads the state of the interface in ns. It reads no table as a whole: the kernel
// filters by the interface. Errors are ErrGone, ErrTooMany and the system's own.
func Look6(ns *netns.NS, ifindex int) (State6, error) {
	s, err := look6(ns, ifindex)
	if err != nil {
		return State6{}, fmt.Errorf("read IPv6 of interface %d: %w", ifindex, classify(err))
	}
	return s, nil
}

func look6(ns *netns.NS, ifindex int) (s State6, err error) {
	c, err := ns.Rtnetlink()
	if err != nil {
		return s, err
	}
	defer c.Close()
	ra, err := readRAState(c, ifindex)
	if err != nil {
		return s, err
	}
	s.Deaf, s.Plain = ra.deaf, ra.plain
	s.Managed, s.Other = ra.flags&ifRAManaged != 0, ra.flags&ifRAOther != 0
	all, err := addrs6(ns, ifindex)
	if err != nil {
		return s, err
	}
	own := taken(c, ifindex, tentative(all))
	for _, a := range all {
		s.add(a, own)
	}
	s.LinkLocalFailed = s.LinkLocalFailed && !s.LinkLocal.IsValid()
	best, err := bestRouter(ns, ifindex)
	s.Gateway = best.via
	s.Advertised = ra.flags&(ifRARcvd|ifRAManaged|ifRAOther) != 0 || s.Gateway.IsValid() ||
		slices.ContainsFunc(s.Addrs, func(a Addr6) bool { return a.Autoconf })
	return s, err
}

// tentative returns the addresses that are usable only if the kernel takes their packets.
func tentative(all []rawAddr) (out []netip.Addr) {
	for _, a := range all {
		if addr := a.addr6(); addr.Usable && !addr.Settled {
			out = append(out, addr.Prefix.Addr())
		}
	}
	return out
}

func (s *State6) add(a rawAddr, own map[netip.Addr]bool) {
	addr := a.addr6()
	// Linux begins DAD in the background. Until then it does not hear other hosts that
	// look for the address.
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
		// The kernel marks the addresses that it makes from advertised prefixes like
		// this, with temporary addresses beside them or not. IFA_PROTO would say it too,
		// from Linux 5.18 on.
		Autoconf: a.flags&(unix.IFA_F_MANAGETEMPADDR|unix.IFA_F_TEMPORARY) != 0,
	}
}
