// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/hex"
	"errors"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/lease"
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

// begin6 tells the kernel what to do about IPv6. It comes before IPv4's first
// message: the link-local address has its DAD behind it, or is usable all the same
// (RFC 4429), when the first message of IPv6 goes out.
func (e *entry) begin6() {
	s, c := e.job.six, e.job.req.Client
	secret, _ := hex.DecodeString(c.Secret) // the server package has checked it
	e.await6()
	a := binding.Autoconf{
		Interface: e.job.place.Interface, Accept: true, Addresses: s.mode != "dhcp",
		NoDefaultRoute: e.job.req.Policy.NoDefaultRoute, Metric: e.job.req.Policy.Metric,
	}
	copy(a.Secret[:], secret)
	switch err := e.m.cfg.Kernel.Autoconf(e.job.place, a); {
	case errors.Is(gone(err), ErrGone):
		e.vanish(err)
	case err != nil:
		e.without6(err.Error())
	}
}

// await6 begins the time for which a start waits for IPv6.
func (e *entry) await6() {
	s := e.job.six
	s.began, s.looks, s.asked = e.now(), 0, false
	s.until = e.now().Add(time.Duration(e.job.req.Policy.IPv6TimeoutMS) * time.Millisecond)
}

// start6 begins, or goes on where the leased before this one was.
func (e *entry) start6() {
	j := e.job
	switch {
	case j.six == nil:
	case j.six.resumed:
		e.resume6()
	default:
		e.begin6()
	}
	if e.job == j && j.six.only() && !j.six.resumed {
		e.number()
		e.seek6()
	}
}

// forgo6 keeps the kernel from doing IPv6 by itself, beyond link-local addresses.
func (e *entry) forgo6() {
	err := e.m.cfg.Kernel.Autoconf(e.job.place, binding.Autoconf{Interface: e.job.place.Interface})
	if err != nil && !errors.Is(err, binding.ErrNoIPv6) {
		e.job.log().Warn("keep routers from configuring the container", "err", err)
	}
}

// seek6 asks the LAN's routers what there is.
func (e *entry) seek6() {
	if e.job.six.off == "" {
		e.listenToRouters()
		e.look6()
	}
}

// solicit asks the routers of the LAN from the link-local address, as soon as it can
// be found by them, or from none where that takes its time: the kernel's own
// solicitations begin when DAD is over.
func (e *entry) solicit() {
	j, s := e.job, e.job.six
	if s.asked || s.began == lease.Never || !s.seen.LinkLocal.IsValid() && e.now() < s.began.Add(dadBegins) {
		return
	}
	s.asked = true
	if err := e.m.cfg.Kernel.Solicit(j.place, s.seen.LinkLocal); err != nil {
		j.log().Warn("solicit routers", "err", err)
	}
}

// listenToRouters hears in the container what a router answers it alone. Without it
// the LAN's ear, the kernel and time will tell.
func (e *entry) listenToRouters() {
	j := e.job
	ear, err := e.m.cfg.Kernel.Routers(j.place)
	if err != nil {
		j.log().Warn("listen to routers", "err", err)
		return
	}
	j.six.ear = ear
	host := e.host
	e.m.work.Go(func() { e.m.overhear(e.m.ctx, host, ear, nil) })
}

// resume6 goes on after leased was started anew. Whether the container is on the
// same link still nobody can tell us but a server (RFC 8415 §18.2.3).
func (e *entry) resume6() {
	j, s := e.job, e.job.six
	if s == nil || j.held {
		return
	}
	s.moved = e.now().Add(time.Duration(e.m.cfg.Rand() % uint64(confirmDelay)))
	e.look6()
}

// rejoin6 is for the call that comes again because the leased before this one ended
// before it had told anybody.
func (e *entry) rejoin6() {
	if s := e.job.six; s != nil && s.untold {
		s.untold = false
		e.await6()
		e.seek6()
	}
}

// confirmDelay is CNF_MAX_DELAY (RFC 8415 §7.6).
const confirmDelay = time.Second

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
	if e.job == j && now >= s.lookAt {
		e.look6()
	}
	if e.job == j && now >= s.moved {
		s.moved = lease.Never
		e.step6(lease6.LinkChanged{})
	}
	if e.job == j && now >= s.machine.Deadline() {
		e.step6(lease6.TimerFired{})
	}
}

// look6 looks at what the kernel has, and draws the consequences.
func (e *entry) look6() {
	j, s := e.job, e.job.six
	e.m.hear(e)
	st, err := e.m.cfg.Kernel.Look6(j.place)
	switch {
	case errors.Is(gone(err), ErrGone):
		e.vanish(err)
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
	if e.duplicates(); e.job != j || s.off != "" {
		return
	}
	if e.want6(); e.job == j {
		e.publish6(was)
	}
}

// lacks says why there can be no IPv6 any more, or yet.
func (e *entry) lacks() string {
	s, now := e.job.six, e.now()
	if s.seen.LinkLocal.IsValid() {
		s.lacking = lease.Never
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
func (e *entry) nextLook() lease.Instant {
	j, s, now := e.job, e.job.six, e.now()
	next := lease.Never
	if len(j.waiters) > 0 && !e.ready6() {
		next = now.Add(firstLook << min(s.looks, maxLook))
		s.looks++
		for _, t := range []lease.Instant{s.until, s.began.Add(solicitWait)} {
			if now < t {
				next = min(next, t)
			}
		}
	}
	if s.began != lease.Never && now < s.began.Add(solicits) && !s.seen.Advertised {
		next = min(next, now.Add(2*atRest))
	}
	if !s.seen.LinkLocal.IsValid() || len(s.unsure) > 0 {
		next = min(next, now.Add(settling))
	}
	if s.hears { // what routers say ends, too
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
func after(now lease.Instant, left time.Duration) lease.Instant {
	if left == binding.Forever {
		return lease.Never
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

// ready6 says that nobody need wait for IPv6: it is there, it will not come, or it
// takes too long.
func (e *entry) ready6() bool {
	s := e.job.six
	if s == nil {
		return true
	}
	if e.job.alone6() {
		return len(s.addrs()) > 0 && e.asIsAsked() // its time is the lease's
	}
	return s.off != "" || e.now() >= s.until || e.asIsAsked()
}

func (e *entry) asIsAsked() bool {
	s, said := e.job.six, e.said()
	l, bound := s.machine.Lease()
	switch {
	case s.level < s.wanted(said), s.level == addresses && !(bound && e.has(l)), s.level == others && !bound:
		return false
	case s.mode == "dhcp":
		return true
	case !said.Any && !s.seen.Advertised:
		return e.routerless()
	case !s.seen.LinkLocal.IsValid(), !said.Any && e.listens() && s.began != lease.Never && e.now() < s.began.Add(solicitWait):
		return false // the kernel has heard a router, and the ear will in a moment
	case said.Autonomous:
		return s.hasAutoconf()
	case !said.Any:
		return s.level == addresses || s.hasAutoconf()
	}
	return true
}

// has says whether the container can use all addresses of a lease.
func (e *entry) has(l lease6.Lease) bool {
	usable := 0
	for _, a := range e.job.six.seen.Addrs {
		if a.Usable && brought(e.job.six.bound, a.Prefix.Addr()) {
			usable++
		}
	}
	return len(l.Addrs) > 0 && usable >= len(l.Addrs)
}

func (s *six) hasAutoconf() bool {
	for _, a := range s.seen.Addrs {
		if a.Autoconf && a.Usable {
			return true
		}
	}
	return false
}

// publish6 tells others where something has changed.
func (e *entry) publish6(was binding.State6) {
	j, s := e.job, e.job.six
	waits := len(j.waiters) > 0
	switch {
	case waits && e.complete():
		e.goOn() // where IPv4 has not
	case waits && s.only() && s.began != lease.Never && e.now() >= s.began.Add(solicitWait):
		e.goOn()
		return
	case waits, j.resolves != nil && j.resolves.Equal(j.names()) && same6(was, s.seen):
		return
	}
	e.publish()
}

// without6 ends all about IPv6. IPv4 goes on.
func (e *entry) without6(why string) {
	j, s := e.job, e.job.six
	j.log().Warn("no IPv6", "reason", why)
	s.hangUp()
	s.deafen()
	e.remove6()
	s.off = why
	s.bound, s.unsure, s.seen = nil, nil, binding.State6{}
	e.m.unhear(e)
	if s.only() {
		e.hopeless(why)
		return
	}
	if e.complete() {
		e.publish()
	}
}

// routersEnd is shortly after something ends that a router of the LAN has said.
func (e *entry) routersEnd() lease.Instant {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	return e.m.segment(e.host).Routers.Deadline(e.now()).Add(time.Second)
}

// said is what the LAN's routers say at present.
func (e *entry) said() ndp.Said {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	return e.m.segment(e.host).Routers.Says(e.now())
}
