// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/ndp"
)

const (
	// A router answers a solicitation within MAX_RA_DELAY_TIME, half a second (RFC 4861
	// §10). The first start on a LAN without a router waits for that long; the next
	// ones do not, as long as the LAN's ear hears none.
	solicitWait = 700 * time.Millisecond
	// linkLocalWait is DAD's second and some more.
	linkLocalWait = 2 * time.Second
	// dadBegins is when DAD has begun, which is optimistic, or will not be.
	dadBegins = 50 * time.Millisecond
	// Linux solicits three times, 4 s apart (RFC 4861 §6.3.7), and may be answered alone.
	solicits = 12 * time.Second
	// settling is when DAD is over that has begun now.
	settling = 1200 * time.Millisecond
	// Somebody waits: the kernel is looked at after 10 ms, 20 … 160 ms.
	firstLook, maxLook = 10 * time.Millisecond, 4
	// atRest is the time between two looks that advertisements make us take.
	atRest = time.Second
)

// tick6 does what has become due.
func (e *entry) tick6() {
	j, now := e.job, e.now()
	s := j.six
	if s == nil || s.off != "" {
		return
	}
	if now >= s.quiet {
		s.hangUp()
	}
	if now >= s.again {
		e.retry6()
	}
	if j.ending == nil && now >= s.lookAt {
		e.look6()
	}
	if j.ending == nil && now >= s.moved {
		s.moved = clock.Never
		e.step6(lease6.LinkChanged{})
	}
	if j.ending == nil && now >= s.machine.Deadline() {
		e.step6(lease6.TimerFired{})
	}
}

// look6 looks at what the kernel has, and draws the consequences.
func (e *entry) look6() {
	j, s := e.job, e.job.six
	e.m.hear(e)
	st, err := e.m.cfg.Kernel.Look6(j.place)
	switch {
	case kernel.IsGone(err):
		e.lost(err)
		return
	case err != nil:
		j.log().Warn("look at the container's IPv6 addresses", "err", err)
		s.lookAt = e.now().Add(atRest)
		if e.now() < s.until {
			s.lookAt = min(s.lookAt, s.until)
		}
		if e.complete() {
			e.publish()
		}
		return
	}
	was := s.seen
	s.seen = st
	if why := e.lacks(); why != "" {
		e.without6(why)
		return
	}
	e.solicit()
	s.lookAt = e.nextLook()
	e.advertised6()
	j.changes6(was, st)
	e.advertise6(was)
	if e.duplicates(); j.ending != nil || s.off != "" {
		return
	}
	if e.want6(); j.ending == nil {
		e.publish6(was)
	}
}

// lacks says why there can be no IPv6 any more, or yet.
func (e *entry) lacks() string {
	s, now := e.job.six, e.now()
	if s.seen.LinkLocal.IsValid() {
		s.lacking = clock.Never
		return ""
	}
	s.lacking = min(s.lacking, now)
	switch {
	case now < s.lacking.Add(linkLocalWait): // also when a link goes down and up
		return ""
	case s.seen.LinkLocalFailed:
		return "another host has the container's link-local address"
	}
	return "the container's interface has no usable link-local address for " + linkLocalWait.String() +
		"; if IPv6 is switched off there (disable_ipv6), create the network with ipv6=off"
}

// nextLook is when the kernel will have something new to show.
func (e *entry) nextLook() clock.Instant {
	j, s, now := e.job, e.job.six, e.now()
	next := clock.Never
	if len(j.waiters) > 0 && !e.ready6() {
		next = now.Add(firstLook << min(s.looks, maxLook))
		s.looks++
		for _, t := range []clock.Instant{s.until, s.began.Add(solicitWait)} {
			if now < t {
				next = min(next, t)
			}
		}
	}
	if s.began != clock.Never && now < s.began.Add(solicits) && !s.seen.Advertised {
		next = min(next, now.Add(2*atRest))
	}
	if !s.seen.LinkLocal.IsValid() || len(s.unsure) > 0 {
		next = min(next, now.Add(settling))
	}
	if e.hears { // what routers say ends, too
		next = min(next, max(e.routersEnd(), now.Add(atRest)))
	}
	for _, a := range s.seen.Addrs {
		switch {
		case !a.Settled && !a.Failed:
			next = min(next, now.Add(settling))
		case !a.Autoconf:
		case a.Preferred > 0:
			next = min(next, after(now, a.Preferred))
		default:
			next = min(next, after(now, a.Valid))
		}
	}
	return next
}

// after is shortly after what is left of a lifetime.
func after(now clock.Instant, left time.Duration) clock.Instant {
	if left == binding.Forever {
		return clock.Never
	}
	return now.Add(left).Add(time.Second)
}

// advertised6 keeps what routers say of DNS: the last word, where none is heard
// any more or yet.
func (e *entry) advertised6() {
	if said := e.said(); said.Any {
		e.job.six.routers.Servers, e.job.six.routers.Search = said.DNS, said.Search
	}
}

// want6 has DHCPv6 do what the routers, or the user, ask for. What was once begun
// goes on until its server ends it.
func (e *entry) want6() {
	s := e.job.six
	if want := s.wanted(e.said()); want > s.level && s.seen.LinkLocal.IsValid() {
		s.level = want
		e.step6(lease6.Wanted{Addresses: want == addresses, Remembered: s.remembered})
	}
}

func (s *six) wanted(said ndp.Said) level {
	switch {
	case s.mode == "slaac":
		return nothing
	case s.mode == "dhcp" || s.seen.Managed || said.Managed:
		return addresses
	case s.seen.Other || said.Other:
		return others
	}
	return nothing
}
