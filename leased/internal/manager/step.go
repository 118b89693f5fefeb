// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease"
)

// step tells the machine what happened and does what it says.
func (e *entry) step(ev lease.Event) {
	j := e.job
	before := j.machine.State()
	held, _ := j.machine.Lease()
	actions := j.machine.Step(e.now(), ev)
	if after := j.machine.State(); after != before {
		j.log.Info("state", "state", after, "from", before)
	}
	e.listen()
	for _, a := range actions {
		if e.job != j {
			return // what an action found has ended the job
		}
		e.perform(a, held)
	}
}

// perform does what the machine says, which held a lease or none before it said so.
func (e *entry) perform(a lease.Action, held lease.Lease) {
	switch a := a.(type) {
	case lease.Send:
		e.send(a)
	case lease.Bind:
		e.job.serverMAC = e.job.heardFrom
		e.bind(a.Lease)
	case lease.Unbind:
		e.job.log.Info("unbind", "reason", a.Why)
		e.over(held)
		e.unbind()
	case lease.Report:
		e.job.log.Warn(a.Msg, "detail", a.Detail)
		e.job.trouble = a.Msg + ": " + a.Detail
	}
}

// listen makes the socket be what the machine's state asks for. None is kept for
// a lease at rest.
func (e *entry) listen() {
	j := e.job
	if want := j.machine.Medium(); want != j.medium {
		j.hangUp()
		if want == lease.MediumNone {
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

func (e *entry) open(want lease.Medium) error {
	j := e.job
	conn, err := e.m.cfg.Kernel.Packet(j.place)
	if err != nil {
		return err
	}
	if want == lease.MediumUnicast {
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
	PacketConn
	unicast Sender
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
	if errors.Is(gone(err), ErrGone) {
		e.vanish(err)
		return
	}
	e.job.log.Warn(what, "err", err)
	e.job.trouble = fmt.Sprintf("%s: %v", what, err)
	e.job.hangUp()
}

func (e *entry) send(a lease.Send) {
	j := e.job
	payload := j.identity.Marshal(a.Message)
	j.log.Debug("send", "type", a.Type, "xid", a.XID, "server", a.To)
	var err error
	switch {
	case a.Type == dhcp4.Release:
		e.release(payload, a)
	case j.conn == nil:
		return // listen has said why
	default:
		err = j.conn.Send(payload)
		j.quiet = e.now().Add(patience)
	}
	if err != nil {
		e.failed("send "+a.Type.String(), err)
	}
}

// release sends a RELEASE as a frame to where the ACK came from: ARP for the
// server would take longer than the address lives. For a container that is gone
// another link speaks, unless a new container is the same client by now.
func (e *entry) release(payload []byte, a lease.Send) {
	j := e.job
	p, err := e.m.cfg.Kernel.Packet(j.place)
	if errors.Is(gone(err), ErrGone) {
		if e.succeeded() {
			j.log.Info("the lease is another container's now", "addr", a.Client)
			return
		}
		p, err = e.m.cfg.Kernel.StandIn(j.req.Link)
	}
	if err == nil {
		defer p.Close()
		err = p.SendTo(payload, a.Client, a.To, j.serverMAC)
	}
	if err != nil {
		j.log.Warn("give the lease back", "addr", a.Client, "err", err)
	}
}
