// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
)

// step6 tells the DHCPv6 machine what happened and does what it says.
func (e *entry) step6(ev lease6.Event) {
	j := e.job
	s := j.six
	before := s.machine.State()
	actions := s.machine.Step(e.now(), ev)
	if after := s.machine.State(); after != before {
		j.log().Info("IPv6 state", "state", after, "from", before)
	}
	e.listen6()
	for _, a := range actions {
		if j.ending != nil || s.off != "" {
			return // what an action found has ended it
		}
		e.perform6(a)
	}
}

func (e *entry) perform6(a lease6.Action) {
	switch a := a.(type) {
	case lease6.Send:
		e.send6(a)
	case lease6.Bind:
		e.bind6(a.Lease)
	case lease6.Unbind:
		e.unbind6(a.Why)
	case lease6.Report:
		e.job.log().Warn("IPv6: "+a.Msg, "detail", a.Detail)
		if e.job.six.only() { // else it is no reason for IPv4's being late
			e.job.trouble = a.Msg + ": " + a.Detail
		}
	}
}

// listen6 has a socket open while an exchange is in flight, and none else.
func (e *entry) listen6() {
	s := e.job.six
	if !s.machine.Listening() {
		s.hangUp()
		return
	}
	if s.conn == nil && !e.open6() {
		return
	}
	if xid := s.machine.XID(); s.xid != xid {
		s.xid = xid
		if err := s.conn.SetXID(xid); err != nil {
			e.failed6("set the filter", err)
		}
	}
}

func (e *entry) open6() bool {
	j, s := e.job, e.job.six
	conn, err := e.m.cfg.Kernel.DHCP6(j.place, s.seen.LinkLocal)
	if err != nil {
		e.failed6("open a socket", err)
		return false
	}
	s.conn, s.quiet = conn, e.now().Add(patience)
	e.m.work.Go(func() { e.receive6(e.m.ctx, conn) })
	return true
}

// failed6 is for what may work at the next try, which the machine's timer makes.
func (e *entry) failed6(what string, err error) {
	if kernel.IsGone(err) {
		e.lost(err)
		return
	}
	s := e.job.six
	e.job.log().Warn("IPv6: "+what, "err", err)
	s.hangUp()
	s.lookAt = min(s.lookAt, e.now().Add(atRest)) // the address may be gone that was to be used
}

func (e *entry) send6(a lease6.Send) {
	j, s := e.job, e.job.six
	payload := s.identity.Marshal(a.Message)
	j.log().Debug("send", "type", a.Type, "xid", a.XID)
	switch {
	case a.Type == dhcp6.Release:
		e.release6(payload, a.XID)
		return
	case s.conn == nil:
		return // listen6 has said why
	}
	if err := s.conn.Send(payload); err != nil {
		e.failed6("send "+a.Type.String(), err)
		return
	}
	s.quiet = e.now().Add(patience)
}

// A RELEASE is sent three times at most, for a container or its stand-in does not
// live for RFC 8415 §7.6's REL_TIMEOUT; §18.2.7 lets a client end it early.
const (
	releaseTries = 3
	releaseWait  = 100 * time.Millisecond // and twice as long for each next
)

func (e *entry) release6(payload []byte, xid uint32) {
	conn, err := e.speaker6()
	if err == nil && conn == nil {
		return // a new container is the same client by now
	}
	if err == nil {
		defer conn.Close()
		err = conn.SetXID(xid)
	}
	for try := 0; err == nil && try < releaseTries; try++ {
		if try > 0 && e.succeeded() {
			return
		}
		if err = conn.Send(payload); err == nil && e.acknowledged(conn, releaseWait<<try) {
			return
		}
	}
	if err == nil {
		err = errors.New("no server has confirmed it")
	}
	e.job.log().Warn("give the IPv6 lease back", "err", err)
}

// acknowledged waits for the REPLY, of which nothing but that it came counts.
func (e *entry) acknowledged(conn kernel.DHCP6Conn, wait time.Duration) (ok bool) {
	ctx, cancel := context.WithTimeout(e.m.ctx, wait)
	defer cancel()
	e.m.hands.free(func() {
		payload, _, err := conn.Receive(ctx)
		if err == nil {
			_, err = dhcp6.Parse(payload, e.job.six.identity)
		}
		ok = err == nil
	})
	return ok
}

// speaker6 is who can say something for the attachment, as speaker.
func (e *entry) speaker6() (kernel.DHCP6Conn, error) {
	j := e.job
	conn, err := e.own6()
	switch {
	case !kernel.IsGone(err):
		return conn, err
	case e.succeeded():
		return nil, nil
	}
	e.m.hands.free(func() { e.m.standIns <- struct{}{} })
	defer func() { <-e.m.standIns }()
	return e.m.cfg.Kernel.StandIn6(j.req.Link)
}

// own6 opens a socket on the container's own link, which nobody may have looked at
// since leased was started.
func (e *entry) own6() (kernel.DHCP6Conn, error) {
	j := e.job
	from := j.six.seen.LinkLocal
	if !from.IsValid() {
		st, err := e.m.cfg.Kernel.Look6(j.place)
		if err != nil {
			return nil, err
		}
		from = st.LinkLocal
	}
	return e.m.cfg.Kernel.DHCP6(j.place, from)
}

// giveBack6 ends the lease with a RELEASE if there is one.
func (e *entry) giveBack6() {
	j := e.job
	if s := j.six; s != nil && s.off == "" {
		e.own(s.known(e.now()))
		if s.level > nothing {
			e.step6(lease6.ReleaseRequested{})
		}
	}
	e.unremember()
}

// receive6 hands what comes in on conn to the actor, until conn is closed.
func (e *entry) receive6(ctx context.Context, conn kernel.DHCP6Conn) {
	for {
		payload, _, err := conn.Receive(ctx)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			conn.Close()
			return
		}
		e.deliver(err != nil, func(e *entry) { e.received6(conn, payload, err) })
		if err != nil {
			return
		}
	}
}

func (e *entry) received6(conn kernel.DHCP6Conn, payload []byte, err error) {
	j := e.job
	switch {
	case j == nil || j.six == nil || j.six.conn != conn:
		return // closed meanwhile
	case err != nil:
		e.failed6("receive", err)
		return
	}
	r, err := dhcp6.Parse(payload, j.six.identity)
	if err != nil {
		j.log().Debug("message ignored", "err", err)
		return
	}
	j.log().Debug("received", "type", r.Type, "xid", r.XID)
	e.step6(lease6.ReplyReceived{Reply: r})
}

// hold6 takes the addresses out of use; l is what is kept.
func (e *entry) hold6(l lease6.Lease) {
	j := e.job
	s := j.six
	if s == nil {
		return
	}
	s.hangUp()
	s.deafen()
	e.m.unhear(e)
	e.remove6()
	s.seen = binding.State6{LinkLocal: s.seen.LinkLocal} // to give the lease back from
	s.lookAt, s.again, s.moved = clock.Never, clock.Never, clock.Never
	e.own(l)
}

// own takes a lease for the machine's that it never came to asking for.
func (e *entry) own(l lease6.Lease) {
	if s := e.job.six; s.level == nothing && len(l.Addrs) > 0 {
		s.machine, s.level = lease6.Restore(s.config(e.job.req.Client, e.m.cfg.Rand), l), addresses
	}
}
