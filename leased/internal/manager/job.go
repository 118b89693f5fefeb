// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/resolv"
	"podman-net-dhcp/leased/internal/wire"
)

// job is the work on one attachment, from its first DISCOVER to its RELEASE.
type job struct {
	req      leaseapi.AcquireRequest
	place    kernel.Place
	identity dhcp4.Identity
	machine  *lease4.Machine
	six      *six // nil: nothing of IPv6 is wanted
	plain    *slog.Logger

	bound     *binding.Spec    // what the kernel has
	serverMAC net.HardwareAddr // where the lease came from: the server or its relay
	heardFrom net.HardwareAddr // where the last message came from
	conn      kernel.PacketConn
	medium    lease4.Medium // that conn is for
	xid       uint32        // that conn's filter lets in
	quiet     clock.Instant // when conn is closed for want of an answer
	again     clock.Instant // when what could not be applied is tried once more
	failures  int           // of Apply, or of giving back, in a row
	arp       kernel.ARPConn
	watched   netip.Addr // what arp listens to
	begun     bool       // the machine has been started
	ending    *ending    // noted, and concluded after the message
	returning bool       // the lease is being given back
	held      bool       // the container is gone; the lease is kept until then
	until     clock.Instant
	voice     kernel.PacketConn // that gives back what was held

	remembered *lease4.Lease // from before, to be asked for again; nil: none, or it was asked for
	asked      clock.Instant // when the servers were first asked
	resort     clock.Instant // when what is remembered is used though no server has said so
	remembers  bool          // there is a memo of this client
	resolves   *resolv.Names // what the container's resolv.conf says of DNS; nil: nothing yet

	owner   chan result // of the Acquire that made the job
	waiters []chan result
	trouble string // what happened last that a waiter wants to know
}

// join starts the attachment's job, or waits along with who has started it.
func (e *entry) join(req leaseapi.AcquireRequest, at kernel.Place, answer chan result) {
	k := e.inherit(req, at)
	if e.job != nil {
		e.m.cfg.Kernel.Leave(at) // it is the job's, which knows the way
		e.job.waiters = append(e.job.waiters, answer)
		if e.rejoin6(); e.job.ending == nil && e.complete() {
			e.publish()
		}
		return
	}
	j := newJob(e.m.cfg, req, at)
	j.machine = lease4.New(j.machineConfig(e.m.cfg.Rand))
	j.serverMAC, j.remembers = k.serverMAC, k.known()
	if l := k.lease; l.Addr.IsValid() {
		j.remembered = &l
	}
	if j.six != nil && j.six.who() == k.who {
		j.six.remembered = k.six
	}
	j.owner, j.waiters = answer, []chan result{answer}
	e.setJob(j)
	e.begin()
}

// inherit ends a job on another link, which is of a container that was there
// before, and returns what the new one can ask for: that container's, or what is
// held, where the new one is the same client to the servers.
func (e *entry) inherit(req leaseapi.AcquireRequest, at kernel.Place) (k kept) {
	switch old := e.job; {
	case old == nil:
	case !old.held && old.place.Same(at):
		return k
	case clientOf(old.req) != clientOf(req):
		if !old.held || e.m.claim(e) {
			e.end("replaced", giveBack)
		} else {
			e.end("replaced", discard)
		}
	case old.held:
		k = e.m.take(clientOf(req))
		e.end("taken back", discard)
	default:
		if e.m.cfg.Kernel.Check(old.place) == nil {
			e.unbind()
			e.unbind6("replaced")
		}
		k = old.kept(e.now())
		e.end("replaced", discard)
	}
	if !k.known() {
		k = e.m.take(clientOf(req))
	}
	return k
}

func newJob(cfg Config, req leaseapi.AcquireRequest, at kernel.Place) *job {
	c := req.Client
	clientID, _ := hex.DecodeString(c.ClientID) // the server package has checked it
	return &job{
		six: newSix(req, cfg.Rand),
		req: req, place: at, medium: lease4.MediumNone, quiet: clock.Never, again: clock.Never,
		until: clock.Never, resort: clock.Never,
		plain: cfg.Log,
		identity: dhcp4.Identity{
			MAC: at.MAC, ClientID: clientID, Hostname: c.Hostname, FQDN: c.FQDN,
			VendorClass: c.VendorClass, UserClass: c.UserClass,
		},
	}
}

// log says whose line it is. It is made anew for each: thousands of leases at rest
// say nothing.
func (j *job) log() *slog.Logger {
	a := j.req.Attachment
	return j.plain.With("container", a.ContainerName, "net", a.Network, "ifname", a.Interface)
}

func (j *job) machineConfig(random func() uint64) lease4.Config {
	return lease4.Config{
		Requested: j.req.Client.RequestIP, Require: j.req.Client.RequireIP,
		ClientID: j.identity.ClientID, Rand: random,
		Check: checks[j.req.Policy.ConflictCheck], RapidCommit: j.req.Client.RapidCommit, V6Only: j.req.Client.IPv6Mostly,
	}
}

var checks = map[string]lease4.Check{"quick": lease4.CheckQuick, "rfc5227": lease4.CheckFull, "off": lease4.CheckOff, "": lease4.CheckOff}

func (e *entry) now() clock.Instant { return clock.Instant(e.m.cfg.Clock.Now()) }

// kept is what the servers hold for the attachment as far as we know: what is in
// use, or is from before and was not refused.
func (j *job) kept(now clock.Instant) kept {
	k := kept{six: j.six.known(now), who: j.six.who()}
	l, known := j.machine.Known(now)
	if !j.begun && j.remembered != nil {
		l, known = *j.remembered, now < j.remembered.Expiry
	}
	if known {
		k.lease, k.serverMAC = l, j.serverMAC
	}
	return k
}

// due is when the job has to do something next.
func (j *job) due() clock.Instant {
	if j.held {
		return j.until
	}
	return min(j.machine.Deadline(), j.quiet, j.again, j.resort, j.six.due())
}

func (e *entry) tick() {
	j, now := e.job, e.now()
	if j == nil {
		return
	}
	if j.held {
		e.wait()
		return
	}
	if now >= j.quiet {
		j.hangUp()
	}
	if now >= j.again {
		e.retry()
	}
	if j.ending == nil && now >= j.machine.Deadline() {
		e.step(lease4.TimerFired{})
	}
	if j.ending == nil && now >= j.resort {
		e.resort()
	}
	if j.ending == nil {
		e.tick6()
	}
}

// late tells a waiter that its time is over.
func (e *entry) late(answer chan result) {
	j := e.job
	if j == nil || !j.leave(answer) {
		return // it has its answer
	}
	if _, ok := j.machine.Lease(); ok && j.bound != nil {
		j.waiters = append(j.waiters, answer) // it was IPv6 that it waited for
		j.six.giveUp()
		e.publish()
		return
	}
	if r := j.reply(e.now()); j.req.Policy.OnTimeout == "continue" || j.six.only() && r != nil {
		names := j.names()
		j.resolves = &names // what it is told, if anything
		e.save(lease4.Lease{})
		e.goOn()
		answer <- result{lease: r}
		return
	}
	err := &leaseapi.Error{Name: leaseapi.ErrorNoLease, Message: j.inVain()}
	j.bequeath(answer)
	if len(j.waiters) == 0 {
		e.end("no lease in time", byPolicy)
	}
	answer <- result{err: err}
}

// goOn leaves the gate to others.
func (e *entry) goOn() {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.m.leave(e, timedOut)
}

// undo takes back what an Acquire did whose caller is gone; the link too, since
// nobody else will. What the container had before stays, and so does what
// somebody else waits for, who owns it from now on.
func (e *entry) undo(at kernel.Place, answer chan result) {
	j := e.job
	if j == nil || !j.place.Same(at) {
		return
	}
	j.leave(answer)
	j.bequeath(answer)
	if j.owner != answer {
		return
	}
	e.end("the caller has gone", byPolicy)
	if err := e.m.cfg.Kernel.DeleteLink(at); err != nil && !kernel.IsGone(err) {
		j.log().Error("delete the link", "err", err)
	}
}

// bequeath makes the next waiter the owner where the owner goes.
func (j *job) bequeath(from chan result) {
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
	j.conn, j.medium, j.xid, j.quiet = nil, lease4.MediumNone, 0, clock.Never
	if !j.watched.IsValid() {
		j.deafen() // it was opened for what has not come
	}
}

// receive hands what comes in on conn to the actor, until conn is closed.
func (e *entry) receive(ctx context.Context, conn kernel.PacketConn) {
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

func (e *entry) received(conn kernel.PacketConn, payload []byte, from wire.Source, err error) {
	j := e.job
	switch {
	case j == nil || j.conn != conn:
		return // closed meanwhile
	case kernel.IsGone(err):
		e.lost(err)
		return
	case err != nil:
		j.log().Warn("receive", "err", err)
		j.hangUp() // the next message opens a new one
		return
	}
	r, err := dhcp4.Parse(payload)
	if err != nil || r.MAC.String() != j.place.MAC.String() {
		j.log().Debug("message ignored", "err", err)
		return
	}
	j.log().Debug("received", "type", r.Type, "xid", r.XID, "addr", r.Your, "server", r.Server)
	j.heardFrom = from.MAC
	if e.overheard(r.Type); j.ending != nil {
		return
	}
	failpoint.At(failpoint.After(r.Type))
	refused, decline := e.refused(r.Your)
	if r.Your == j.watched {
		refused = false // what it watches the machine knows itself
	}
	e.step(lease4.ReplyReceived{Reply: r, Refused: refused, Decline: decline})
}
