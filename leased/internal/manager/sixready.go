// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/ndp"
)

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
	case !s.seen.LinkLocal.IsValid(), !said.Any && e.listens() && s.began != clock.Never && e.now() < s.began.Add(solicitWait):
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
	case waits && s.only() && s.began != clock.Never && e.now() >= s.began.Add(solicitWait):
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
func (e *entry) routersEnd() clock.Instant {
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
