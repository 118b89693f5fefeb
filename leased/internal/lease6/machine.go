// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// Machine is the lease of one attachment. It is not safe for concurrent use: one
// goroutine owns it.
type Machine struct {
	cfg      Config
	state    State
	deadline clock.Instant // of the state's own; addresses may end before
	acts     []Action      // what the Step in progress has to say so far

	exchange
	lastXID        uint32        // of the last exchange, not to be taken again
	solMax, infMax time.Duration // SOL_MAX_RT and INF_MAX_RT, as servers may change them
	pace           pace

	hint     []netip.Addr // what SOLICIT hints at
	offers   []offer      // ADVERTISEs collected, the best one first
	offer    offer        // what REQUESTING asks for
	refusals int          // fruitless turns since the last Bind

	// lease is in use where bound says so, with addresses or without. known is one
	// remembered that is not in use yet; only CONFIRMING has it.
	lease Lease
	bound bool
	known Lease

	declined []netip.Addr // what DECLINING gives back
	server   []byte       // and to whom
	dups     int          // duplicates in a row
	lastDup  clock.Instant
	moved    bool // CONFIRM has to follow DECLINE
}

// New returns a machine in INIT. Wanted sets it going.
func New(cfg Config) *Machine {
	m := &Machine{cfg: cfg, state: Init, deadline: clock.Never, solMax: maxRT, infMax: maxRT}
	if cfg.Requested.IsValid() {
		m.hint = []netip.Addr{cfg.Requested}
	}
	return m
}

// Restore returns a machine with a lease known from disk, which the kernel is
// taken to have: in BOUND, or in INFORMED where it has no addresses. The next
// TimerFired does what has become due since.
func Restore(cfg Config, l Lease) *Machine {
	m := New(cfg)
	m.state, m.lease, m.bound = Informed, ordered(l), true
	if len(l.Addrs) > 0 {
		m.state = Bound
	}
	m.deadline = m.lease.T1
	return m
}

// State returns where the machine is.
func (m *Machine) State() State { return m.state }

// Listening reports whether an exchange is in flight, for which the caller has to
// have a socket until the next Step.
func (m *Machine) Listening() bool { return m.xid != 0 }

// Deadline returns when TimerFired is due; Never: there is nothing to wait for.
// It may have passed already.
func (m *Machine) Deadline() clock.Instant {
	return min(m.deadline, firstEnd(m.lease.Addrs), firstEnd(m.known.Addrs))
}

// XID returns the exchange in flight, of which alone replies count; 0: none.
func (m *Machine) XID() uint32 { return m.xid }

// Lease returns the lease in use, if there is one.
func (m *Machine) Lease() (Lease, bool) { return m.lease, m.bound }

// Known returns the lease that a server holds for us as far as we know: in use, or
// else remembered, with those addresses that have not ended. Where there are none
// it is the stateless lease in use, if there is one.
func (m *Machine) Known(now clock.Instant) (Lease, bool) {
	for _, l := range []Lease{m.lease, m.known} {
		if l.Addrs = live(l.Addrs, now); len(l.Addrs) > 0 {
			return l, true
		}
	}
	if m.using() || !m.bound {
		return Lease{}, false
	}
	return m.lease, true
}

// using reports whether an address is in use.
func (m *Machine) using() bool { return len(m.lease.Addrs) > 0 }

// Step takes an event and returns what to do about it. now must not go back.
func (m *Machine) Step(now clock.Instant, ev Event) []Action {
	m.acts = nil
	if m.state == Stopped {
		return nil
	}
	if _, stop := ev.(ReleaseRequested); stop {
		m.stop(now)
		return m.acts
	}
	m.expire(now) // first of all: an answer to its renewal comes too late
	switch ev := ev.(type) {
	case Wanted:
		m.want(now, ev)
	case ReplyReceived:
		m.receive(now, ev)
	case LinkChanged:
		m.move(now)
	case DuplicateFound:
		m.duplicate(now, ev.Addr)
	case TimerFired:
		if now >= m.deadline && m.deadline != clock.Never {
			m.due(now)
		}
	}
	return m.acts
}

// due does what the deadline was for.
func (m *Machine) due(now clock.Instant) {
	switch m.state {
	case Init:
		m.solicit(now)
	case Soliciting:
		m.resolicit(now)
	case Requesting:
		m.rerequest(now)
	case Confirming:
		m.reconfirm(now)
	case Bound:
		m.extend(now)
	case Renewing:
		if now >= m.lease.T2 {
			m.enter(now, Rebinding)
			return
		}
		m.send(now)
	case Rebinding, Informing:
		m.send(now)
	case Declining:
		m.redecline(now)
	case Informed:
		m.enter(now, Informing)
	case Stopped: // has no deadline
	}
}

// expire takes addresses out of use that have ended. Where none is left the state
// that needs one begins anew, hinting at what there was.
func (m *Machine) expire(now clock.Instant) {
	if was := m.known.Addrs; len(was) > 0 {
		if m.known.Addrs = live(was, now); len(m.known.Addrs) == 0 {
			m.hint, m.known = addrs(was), Lease{}
			m.solicit(now)
		}
	}
	left := live(m.lease.Addrs, now)
	if len(left) == len(m.lease.Addrs) {
		return
	}
	m.keep(left, "lease expired")
	switch m.state {
	case Bound, Renewing, Rebinding, Confirming:
		if !m.using() {
			m.solicit(now)
		}
	case Init, Soliciting, Requesting, Declining, Informing, Informed, Stopped: // go on
	}
}

// stop ends everything. In REQUESTING the server may have committed addresses
// already; one that nobody uses comes back by itself.
func (m *Machine) stop(now clock.Instant) {
	l, _ := m.Known(now)
	if m.bound {
		m.unbind("released")
	}
	m.state, m.known = Stopped, Lease{}
	if len(l.Addrs) > 0 {
		m.begin(now)
		m.emit(now, release(l))
	}
	m.rest(Stopped, clock.Never)
}

// rest enters a state in which nothing is in flight, until the deadline.
func (m *Machine) rest(s State, deadline clock.Instant) {
	m.state, m.deadline, m.xid = s, deadline, 0
}

// bind begins to use a lease.
func (m *Machine) bind(l Lease) {
	m.lease, m.bound, m.known = l, true, Lease{}
	m.acts = append(m.acts, Bind{Lease: l})
}

// keep goes on with some of the addresses in use, or with none.
func (m *Machine) keep(left []Addr, why string) {
	if len(left) == 0 {
		m.unbind(why)
		return
	}
	m.lease.Addrs = left
	m.lease = ordered(m.lease)
	m.acts = append(m.acts, Bind{Lease: m.lease})
}

// unbind gives up what is in use, and remembers to hint at its addresses.
func (m *Machine) unbind(why string) {
	if m.using() {
		m.hint = addrs(m.lease.Addrs)
	}
	m.lease, m.bound = Lease{}, false
	m.acts = append(m.acts, Unbind{Why: why})
}

// maxReports bounds what one exchange may report.
const maxReports = 8

func (m *Machine) report(msg, detail string) {
	if m.reports < maxReports {
		m.reports++
		m.acts = append(m.acts, Report{Msg: msg, Detail: detail})
	}
}
