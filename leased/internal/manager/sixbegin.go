// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/hex"
	"errors"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
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
	case kernel.IsGone(err):
		e.lost(err)
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
	if j.ending == nil && j.six.only() && !j.six.resumed {
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
	if s.asked || s.began == clock.Never || !s.seen.LinkLocal.IsValid() && e.now() < s.began.Add(dadBegins) {
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
