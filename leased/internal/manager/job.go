// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"slices"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease"
	"podman-net-dhcp/leased/internal/wire"
)

// job is the work on one attachment, from its first DISCOVER to its RELEASE.
type job struct {
	req      leaseapi.AcquireRequest
	place    Place
	identity dhcp4.Identity
	machine  *lease.Machine
	log      *slog.Logger

	bound     *binding.Spec    // what the kernel has
	serverMAC net.HardwareAddr // where the lease came from: the server or its relay
	heardFrom net.HardwareAddr // where the last message came from
	conn      PacketConn
	medium    lease.Medium  // that conn is for
	xid       uint32        // that conn's filter lets in
	quiet     lease.Instant // when conn is closed for want of an answer
	again     lease.Instant // when what could not be applied is tried once more
	failures  int           // of Apply in a row

	owner   chan result // of the Acquire that made the job
	waiters []chan result
	trouble string // what happened last that a waiter wants to know
}

// join starts the attachment's job, or waits along with who has started it. A job
// on another link is of a container that was there before, and ends first; where
// the new one is the same client to the server, without a RELEASE.
func (e *entry) join(req leaseapi.AcquireRequest, at Place, answer chan result) {
	switch old := e.job; {
	case old == nil || old.place.same(at):
	case slices.Equal(old.place.MAC, at.MAC):
		if e.m.cfg.Kernel.Check(old.place) == nil {
			e.unbind()
		}
		e.drop("replaced")
	default:
		e.end("replaced")
	}
	if e.job != nil {
		if l, ok := e.job.machine.Lease(); ok && e.job.bound != nil {
			answer <- result{lease: e.job.reply(l, e.now())}
			return
		}
		e.job.waiters = append(e.job.waiters, answer)
		return
	}
	e.setJob(newJob(e.m.cfg, req, at))
	e.job.machine = lease.New(e.job.machineConfig(e.m.cfg.Rand))
	e.job.owner, e.job.waiters = answer, []chan result{answer}
	e.step(lease.Started{})
}

func newJob(cfg Config, req leaseapi.AcquireRequest, at Place) *job {
	a, c := req.Attachment, req.Client
	clientID, _ := hex.DecodeString(c.ClientID) // the server package has checked it
	return &job{
		req: req, place: at, medium: lease.MediumNone, quiet: lease.Never, again: lease.Never,
		log: cfg.Log.With("container", a.ContainerName, "net", a.Network, "ifname", a.Interface),
		identity: dhcp4.Identity{
			MAC: at.MAC, ClientID: clientID, Hostname: c.Hostname, FQDN: c.FQDN,
			VendorClass: c.VendorClass, UserClass: c.UserClass,
		},
	}
}

func (j *job) machineConfig(random func() uint64) lease.Config {
	return lease.Config{
		Requested: j.req.Client.RequestIP, Require: j.req.Client.RequireIP,
		ClientID: j.identity.ClientID, Rand: random,
	}
}

func (e *entry) now() lease.Instant { return lease.Instant(e.m.cfg.Clock.Now()) }

// due is when the job has to do something next.
func (j *job) due() lease.Instant { return min(j.machine.Deadline(), j.quiet, j.again) }

func (e *entry) tick() {
	j, now := e.job, e.now()
	if j == nil {
		return
	}
	if now >= j.quiet {
		j.hangUp()
	}
	if now >= j.again {
		e.retry()
	}
	if e.job == j && now >= j.machine.Deadline() {
		e.step(lease.TimerFired{})
	}
}

// late tells a waiter that its time is over.
func (e *entry) late(answer chan result) {
	j := e.job
	if j == nil || !j.leave(answer) {
		return // it has its answer
	}
	if j.req.Policy.OnTimeout == "continue" {
		if _, ok := j.machine.Lease(); !ok {
			e.save(nil)
		}
		answer <- result{}
		return
	}
	err := &leaseapi.Error{Name: leaseapi.ErrorNoLease, Message: j.timeout()}
	j.inherit(answer)
	if len(j.waiters) == 0 {
		e.end("no lease in time")
	}
	answer <- result{err: err}
}

// undo takes back what an Acquire did whose caller is gone; the link too, since
// nobody else will. What the container had before stays, and so does what
// somebody else waits for, who owns it from now on.
func (e *entry) undo(at Place, answer chan result) {
	j := e.job
	if j == nil || !j.place.same(at) {
		return
	}
	j.leave(answer)
	j.inherit(answer)
	if j.owner != answer {
		return
	}
	e.end("the caller has gone")
	if err := e.m.cfg.Kernel.DeleteLink(at); err != nil && !errors.Is(err, ErrGone) {
		j.log.Error("delete the link", "err", err)
	}
}

// inherit makes the next waiter the owner where the owner goes.
func (j *job) inherit(from chan result) {
	if j.owner == from && len(j.waiters) > 0 {
		j.owner = j.waiters[0]
	}
}

// leave takes a waiter off the list; false: it was not on it.
func (j *job) leave(answer chan result) bool {
	n := len(j.waiters)
	j.waiters = slices.DeleteFunc(j.waiters, func(w chan result) bool { return w == answer })
	return len(j.waiters) < n
}

// end ends the job: RELEASE where the policy has it, the binding removed, the
// record deleted.
func (e *entry) end(why string) {
	if e.job == nil {
		return
	}
	if e.job.req.Policy.Release == "never" {
		e.unbind()
	} else {
		e.step(lease.ReleaseRequested{})
	}
	e.drop(why)
}

// vanish ends the job of a container that is gone without a goodbye.
func (e *entry) vanish(err error) {
	e.job.log.Info("container is gone", "err", err)
	e.end("container is gone")
}

func (e *entry) drop(why string) {
	j := e.job
	if j == nil {
		return
	}
	j.hangUp()
	e.answer(result{err: errors.New(why)})
	if err := e.m.cfg.Store.Delete(e.key); err != nil {
		j.log.Error("delete the lease's record", "err", err)
	}
	j.log.Info("lease ended", "reason", why)
	e.job = nil
}

// answer answers all waiters.
func (e *entry) answer(r result) {
	for _, w := range e.job.waiters {
		w <- r // has room for one, and is answered once
	}
	e.job.waiters = nil
}

func (j *job) hangUp() {
	if j.conn != nil {
		j.conn.Close()
	}
	j.conn, j.medium, j.xid, j.quiet = nil, lease.MediumNone, 0, lease.Never
}

// receive hands what comes in on conn to the actor, until conn is closed.
func (e *entry) receive(ctx context.Context, conn PacketConn) {
	for {
		payload, from, err := conn.Receive(ctx)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			conn.Close()
			return
		}
		e.deliver(err != nil, func(e *entry) { e.received(conn, payload, from, err) })
		if err != nil {
			return
		}
	}
}

func (e *entry) received(conn PacketConn, payload []byte, from wire.Source, err error) {
	j := e.job
	switch {
	case j == nil || j.conn != conn:
		return // closed meanwhile
	case errors.Is(gone(err), ErrGone):
		e.vanish(err)
		return
	case err != nil:
		j.log.Warn("receive", "err", err)
		j.hangUp() // the next message opens a new one
		return
	}
	r, err := dhcp4.Parse(payload)
	if err != nil || r.MAC.String() != j.place.MAC.String() {
		j.log.Debug("message ignored", "err", err)
		return
	}
	j.log.Debug("received", "type", r.Type, "xid", r.XID, "addr", r.Your, "server", r.Server)
	j.heardFrom = from.MAC
	e.step(lease.ReplyReceived{Reply: r})
}
