// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/ndp"
	"podman-net-dhcp/leased/internal/request"
)

const (
	// linkLocalWait is DAD's second and some more.
	linkLocalWait = 2 * time.Second
	// settling is when DAD is over that has begun now.
	settling = 1200 * time.Millisecond
	// While a start waits, the kernel is looked at after 10 ms, 20 … 160 ms.
	firstLook, maxLook = 10 * time.Millisecond, 4
)

// sense is everything that the decisions after a look depend on. It is pure: a value, and
// methods that only read it.
type sense struct {
	now  clock.Instant
	mode request.IPv6

	seen    binding.State6 // what the kernel has
	bound   *binding.Spec6 // of it, what DHCPv6 brought
	unsure  bool           // DAD of some of that was not over at the last look
	lacked  clock.Instant  // since when there is no link-local address, as of the last look
	said    ndp.Said       // what the LAN's routers say
	saidEnd clock.Instant  // when something of that ends
	listens bool           // router advertisements are heard
	awaits  bool           // a start waits for something that is not there yet
	began   clock.Instant  // when a start began to wait; Never: none has
	until   clock.Instant  // when none waits any more
	looks   int            // since then
	level   level
	lease   lease6.Lease // in use, if leased
	leased  bool
	without bool // of addresses, which were asked for
}

// sense gathers the facts. The LAN is asked once.
func (d *Driver) sense() sense {
	o := d.cfg.Owner
	s := sense{
		now: o.Now(), mode: d.mode(), seen: d.seen, bound: d.bound, unsure: len(d.unsure) > 0, lacked: d.lackedAt,
		said: o.LAN().Advertised(), saidEnd: clock.Never, listens: d.listens(),
		began: d.began, until: d.until, looks: d.looks, level: d.level,
	}
	s.lease, s.leased = d.machine.Lease()
	s.without = d.machine.Without()
	if o.LAN().Subscribed() {
		s.saidEnd = o.LAN().AdvertisedEnd()
	}
	return s
}

// lackedAt is since when there is no link-local address; Never: there is one.
func (s sense) lackedAt() clock.Instant {
	if s.seen.LinkLocal.IsValid() {
		return clock.Never
	}
	return min(s.lacked, s.now)
}

// lacks says why there can be no IPv6; empty: there can, or may be yet.
func (s sense) lacks() string {
	switch since := s.lackedAt(); {
	case since == clock.Never, s.now < since.Add(linkLocalWait): // also when a link goes down and up
		return ""
	case s.seen.LinkLocalFailed:
		return "another host has the container's link-local address"
	}
	return "the container's interface has no usable link-local address for " + linkLocalWait.String() +
		"; if IPv6 is switched off there (disable_ipv6), create the network with ipv6=off"
}

// wanted is how much DHCPv6 the routers, or the user, ask for.
func (s sense) wanted() level {
	switch {
	case s.mode == request.IPv6SLAAC:
		return none
	case s.mode == request.IPv6DHCP || s.seen.Managed || s.said.Managed:
		return stateful
	case s.seen.Other || s.said.Other:
		return stateless
	}
	return none
}

// nextLook is when the kernel will have something new to show.
func (s sense) nextLook() clock.Instant {
	next := clock.Never
	if s.awaits {
		next = s.now.Add(firstLook << min(s.looks, maxLook))
		for _, t := range []clock.Instant{s.until, s.began.Add(solicitWait)} {
			if s.now < t {
				next = min(next, t)
			}
		}
	}
	if s.began != clock.Never && s.now < s.began.Add(solicits) && !s.seen.Advertised {
		next = min(next, s.now.Add(2*atRest))
	}
	if !s.seen.LinkLocal.IsValid() || s.unsure {
		next = min(next, s.now.Add(settling))
	}
	if s.saidEnd != clock.Never {
		next = min(next, max(s.saidEnd, s.now.Add(atRest)))
	}
	for _, a := range s.seen.Addrs {
		next = min(next, s.nextChange(a))
	}
	return next
}

// nextChange is when the kernel will show something else of an address.
func (s sense) nextChange(a binding.Addr6) clock.Instant {
	switch {
	case !a.Settled && !a.Failed:
		return s.now.Add(settling)
	case !a.Autoconf:
		return clock.Never
	case a.Preferred > 0:
		return after(s.now, a.Preferred)
	}
	return after(s.now, a.Valid)
}

// after is shortly after the rest of a lifetime.
func after(now clock.Instant, left time.Duration) clock.Instant {
	return now.Add(left).Add(time.Second)
}

// settled reports whether there is all that the routers and the user ask for. routerless
// is asked only where it depends on whether the LAN has a router.
func (s sense) settled(routerless func(waited bool) bool) bool {
	waited := s.now >= s.began.Add(solicitWait)
	switch {
	case s.level < s.wanted(), s.level == stateful && !s.hasLease() && !s.without, s.level == stateless && !s.leased:
		return false
	case s.mode == request.IPv6DHCP:
		return true
	case !s.said.Any && !s.seen.Advertised:
		return routerless(waited)
	case !s.seen.LinkLocal.IsValid(), !s.said.Any && s.listens && s.began != clock.Never && !waited:
		return false // the kernel has heard a router, and the listener will in a moment
	case s.said.Autonomous:
		return s.hasAutoconf()
	case !s.said.Any:
		return s.level == stateful || s.hasAutoconf()
	}
	return true
}

// hasLease reports whether the container can use all addresses of the lease.
func (s sense) hasLease() bool {
	usable := 0
	for _, a := range s.seen.Addrs {
		if a.Usable && brought(s.bound, a.Prefix.Addr()) {
			usable++
		}
	}
	return s.leased && len(s.lease.Addrs) > 0 && usable >= len(s.lease.Addrs)
}

func (s sense) hasAutoconf() bool {
	for _, a := range s.seen.Addrs {
		if a.Autoconf && a.Usable {
			return true
		}
	}
	return false
}
