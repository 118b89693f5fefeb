// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// step tells the machine what happened and does what it says.
func (e *entry) step(ev lease4.Event) {
	j := e.job
	before := j.machine.State()
	held, _ := j.machine.Lease()
	actions := j.machine.Step(e.now(), ev)
	if after := j.machine.State(); after != before {
		j.log().Info("state", "state", after, "from", before)
	}
	e.listen()
	for _, a := range actions {
		if j.ending != nil {
			return // what an action found has ended the job
		}
		e.perform(a, held)
	}
	e.settle(j, ev, before)
}

// settle follows a step that has not ended the job.
func (e *entry) settle(j *job, ev lease4.Event, before lease4.State) {
	if j.ending != nil {
		return
	}
	if !j.held {
		e.watch()
	}
	e.pace(ev, before)
	e.unremember()
	if j.machine.Forgoes() && e.complete() { // IPv6 was there before
		e.publish()
	}
}

// perform does what the machine says, which held a lease or none before it said so.
func (e *entry) perform(a lease4.Action, held lease4.Lease) {
	switch a := a.(type) {
	case lease4.Send:
		e.send(a)
	case lease4.Bind:
		if e.job.heardFrom != nil { // else it is the one from before
			e.job.serverMAC = e.job.heardFrom
		}
		e.job.changes(held, a.Lease)
		e.bind(a.Lease)
	case lease4.Unbind:
		e.job.log().Info("unbind", "reason", a.Why)
		e.over(held)
		e.unbind()
	case lease4.Probe:
		e.watch()
		e.say(func(arp kernel.ARPConn) error { return arp.Probe(a.Addr) })
	case lease4.Announce:
		e.say(func(arp kernel.ARPConn) error { return arp.Announce(a.Addr) })
	case lease4.Report:
		e.job.log().Warn(a.Msg, "detail", a.Detail)
		e.job.trouble = a.Msg + ": " + a.Detail
	}
}

// listen makes the socket be what the machine's state asks for. None is kept for
// a lease at rest.
func (e *entry) listen() {
	j := e.job
	if want := j.machine.Medium(); want != j.medium {
		j.hangUp()
		if want == lease4.MediumNone {
			return
		}
		if err := e.open(want); err != nil {
			e.failed("open a socket", err)
			return
		}
	}
	if j.conn != nil && j.xid != j.machine.XID() {
		j.xid = j.machine.XID()
		if err := j.conn.SetXID(j.xid); err != nil {
			e.failed("set the filter", err)
		}
	}
}

func (e *entry) open(want lease4.Medium) error {
	j := e.job
	var err error
	if j.place, err = e.m.cfg.Kernel.Enter(j.place); err != nil {
		return err
	}
	conn, err := e.m.cfg.Kernel.Packet(j.place)
	if err != nil {
		return err
	}
	if want == lease4.MediumUnicast {
		l, _ := j.machine.Lease()
		u, err := e.m.cfg.Kernel.Unicast(j.place, l.Addr.Addr(), l.Server)
		if err != nil {
			conn.Close()
			return err
		}
		conn = &renewing{conn, u}
	}
	j.conn, j.medium = conn, want
	e.m.work.Go(func() { e.receive(e.m.ctx, conn) })
	return nil
}

// renewing sends through the kernel's UDP, and listens on a packet socket all the
// same: a server answers by unicast but for a NAK, which it broadcasts (RFC 2131
// §4.3.2), and a UDP socket on the leased address hears no broadcast.
type renewing struct {
	kernel.PacketConn
	unicast kernel.Sender
}

func (r *renewing) Send(payload []byte) error { return r.unicast.Send(payload) }

func (r *renewing) Close() {
	r.PacketConn.Close()
	r.unicast.Close()
}

// patience is how long a socket stays open after the last message: it pins the
// netns, and the next message opens another one. A ping check takes servers 3 s.
const patience = 10 * time.Second

// failed is for what may work at the next try, which the machine's timer makes.
func (e *entry) failed(what string, err error) {
	if kernel.IsGone(err) {
		e.lost(err)
		return
	}
	e.job.log().Warn(what, "err", err)
	e.job.trouble = fmt.Sprintf("%s: %v", what, err)
	e.job.hangUp()
}

func (e *entry) send(a lease4.Send) {
	j := e.job
	payload := j.identity.Marshal(a.Message)
	j.log().Debug("send", "type", a.Type, "xid", a.XID, "server", a.To)
	var err error
	switch {
	case a.Type == dhcp4.Release:
		e.release(payload, a)
	case a.Type == dhcp4.Decline && j.conn == nil: // after it comes a pause, and nothing is listened to
		err = e.sendOnce(payload)
	case j.conn == nil:
		return // listen has said why
	default:
		err = j.conn.Send(payload)
		failpoint.At(failpoint.After(a.Type))
		j.quiet = e.now().Add(patience)
	}
	if err != nil {
		e.failed("send "+a.Type.String(), err)
	}
}

func (e *entry) sendOnce(payload []byte) error {
	p, err := e.m.cfg.Kernel.Packet(e.job.place)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Send(payload)
}

// release sends a RELEASE as a frame to where the ACK came from: ARP for the
// server would take longer than the address lives.
func (e *entry) release(payload []byte, a lease4.Send) {
	j := e.job
	p, err := j.voice, error(nil)
	j.voice = nil
	if p == nil {
		p, err = e.speaker()
	}
	if err == nil && p == nil {
		j.log().Info("the lease is another container's now", "addr", a.Client)
		return
	}
	if err == nil {
		defer p.Close()
		e.m.hands.free(e.pause)
		err = p.SendTo(payload, a.Client, a.To, j.serverMAC)
	}
	if err != nil {
		j.log().Warn("give the lease back", "addr", a.Client, "err", err)
	}
}

// pause makes room between the RELEASEs on a LAN. Nobody answers one, so that what
// a server has no room for is lost, when hundreds of containers end: Kea has room
// for 64 messages.
func (e *entry) pause() {
	e.m.mu.Lock()
	s, now := e.m.segment(e.host), e.m.cfg.Clock.Now()
	s.ReleaseAt = max(now, s.ReleaseAt) + releaseStep
	wait := s.ReleaseAt - releaseBurst*releaseStep - now
	e.m.mu.Unlock()
	time.Sleep(wait) // or not at all
}

const (
	releaseStep  = 2 * time.Millisecond
	releaseBurst = 16
)

// speaker is who can say something for the attachment: its own link, or one that
// stands in for it when it is gone. It is nil where a new container is the same
// client by now.
func (e *entry) speaker() (kernel.PacketConn, error) {
	p, err := e.m.cfg.Kernel.Packet(e.job.place)
	switch {
	case !kernel.IsGone(err):
		return p, err
	case e.succeeded():
		return nil, nil
	}
	e.m.hands.free(func() { e.m.standIns <- struct{}{} })
	defer func() { <-e.m.standIns }()
	p, err = e.m.cfg.Kernel.StandIn4(e.job.req.Link)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMute, err)
	}
	return p, nil
}
