// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease"
)

// step tells the machine what happened and does what it says.
func (e *entry) step(ev lease.Event) {
	j := e.job
	before := j.machine.State()
	actions := j.machine.Step(e.now(), ev)
	if after := j.machine.State(); after != before {
		j.log.Info("state", "state", after, "from", before)
	}
	e.listen()
	for _, a := range actions {
		if e.job != j {
			return // what an action found has ended the job
		}
		e.perform(a)
	}
}

func (e *entry) perform(a lease.Action) {
	switch a := a.(type) {
	case lease.Send:
		e.send(a)
	case lease.Bind:
		e.bind(a.Lease)
	case lease.Unbind:
		e.job.log.Info("unbind", "reason", a.Why)
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
	if p, ok := j.conn.(PacketConn); ok && j.xid != j.machine.XID() {
		j.xid = j.machine.XID()
		if err := p.SetXID(j.xid); err != nil {
			e.failed("set the filter", err)
		}
	}
}

func (e *entry) open(want lease.Medium) error {
	j := e.job
	switch want {
	case lease.MediumPacket:
		p, err := e.m.cfg.Kernel.Packet(j.place)
		if err != nil {
			return err
		}
		j.conn = p
	case lease.MediumUnicast:
		l, _ := j.machine.Lease()
		u, err := e.m.cfg.Kernel.Unicast(j.place, l.Addr.Addr(), l.Server)
		if err != nil {
			return err
		}
		j.conn = u
	}
	j.medium = want
	conn := j.conn
	e.m.work.Go(func() { e.receive(e.m.ctx, conn) })
	return nil
}

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
		err = e.release(payload, a)
	case j.conn == nil:
		return // listen has said why
	default:
		err = j.conn.Send(payload)
	}
	if err != nil {
		e.failed("send "+a.Type.String(), err)
	}
}

// release sends a RELEASE as a frame to where the ACK came from: ARP for the
// server would take longer than the address lives.
func (e *entry) release(payload []byte, a lease.Send) error {
	p, err := e.m.cfg.Kernel.Packet(e.job.place)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.SendTo(payload, a.Client, a.To, e.job.serverMAC)
}

// bind applies a lease, writes it down, and only then answers.
func (e *entry) bind(l lease.Lease) {
	j := e.job
	applied, err := e.m.cfg.Kernel.Apply(j.place, j.spec(l, e.now()), j.bound)
	if err != nil {
		e.unbindable(err)
		return
	}
	first := j.bound == nil || j.bound.Addr != applied.Spec.Addr
	j.bound = &applied.Spec
	for _, p := range applied.Problems {
		j.log.Warn("apply a part of the lease", "err", p)
	}
	if first {
		j.log.Info("bound", "addr", l.Addr, "server", l.Server)
	}
	if err := e.m.cfg.Store.Save(e.key, j.record(e.m.cfg.BootID, l)); err != nil {
		// The container has its address; without the record only a restart of
		// leased loses it.
		j.log.Error("write the lease's record", "err", err)
	}
	e.answer(result{lease: j.reply(l, e.now())})
}

func (e *entry) unbindable(err error) {
	j := e.job
	if errors.Is(err, ErrGone) {
		e.vanish(err)
		return
	}
	j.log.Error("apply the lease", "err", err)
	if len(j.waiters) == 0 {
		return // what was applied before is still there, and renewal comes again
	}
	e.answer(result{err: &leaseapi.Error{
		Name: leaseapi.ErrorFailed, Message: fmt.Sprintf("apply the lease to %s: %v", j.req.Attachment.Interface, err),
	}})
	e.end("the lease could not be applied")
}

func (e *entry) unbind() {
	j := e.job
	if j.bound == nil {
		return
	}
	bound := *j.bound
	j.bound = nil
	if err := e.m.cfg.Kernel.Remove(j.place, bound); errors.Is(err, ErrGone) {
		e.vanish(err)
	} else if err != nil {
		j.log.Error("remove the binding", "err", err)
	}
}
