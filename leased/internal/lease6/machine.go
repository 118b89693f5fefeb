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
	acts     []Action      // of the Step in progress, so far

	exchange
	lastXID        uint32        // of the last exchange, not to be taken again
	solMax, infMax time.Duration // SOL_MAX_RT and INF_MAX_RT, as servers may change them
	pace           pace
	renewals       clock.Renewals

	hint     []netip.Addr // in the IA_NA of SOLICIT
	offers   []offer      // ADVERTISEs collected, the best one first
	offer    offer        // that REQUESTING asks for
	refusals int          // fruitless turns since the last Bind
	poor     bool         // a server without addresses has answered the SOLICIT
	without  bool         // the information came in place of addresses
	seeks    seeks

	// lease is in use if bound is set, with or without addresses. known is a remembered
	// lease that is not in use yet; only CONFIRMING has one.
	lease Lease
	bound bool
	known Lease

	declined []netip.Addr // that DECLINING gives back
	server   []byte       // that they go back to
	dups     int          // duplicates in a row
	lastDup  clock.Instant
	moved    bool // CONFIRM has to follow DECLINE
}

// New returns a machine in INIT. The event Wanted starts it.
func New(cfg Config) *Machine {
	m := &Machine{cfg: cfg, state: Init, deadline: clock.Never, solMax: maxRT, infMax: maxRT}
	if cfg.Requested.IsValid() {
		m.hint = []netip.Addr{cfg.Requested}
	}
	return m
}

// Restore returns a machine with a lease known from disk, which the kernel is assumed to
// have. The state is BOUND, or INFORMED if the lease has no addresses. The next
// TimerFired does the work that became due meanwhile.
func Restore(cfg Config, l Lease) *Machine {
	m := New(cfg)
	m.state, m.lease, m.bound = Informed, ordered(l), true
	if len(l.Addrs) > 0 {
		m.state = Bound
	}
	m.deadline = m.lease.T1
	return m
}

// State returns the machine's state.
func (m *Machine) State() State { return m.state }

// Listening reports whether an exchange is in flight. If so, the caller must have a
// socket open until the next Step.
func (m *Machine) Listening() bool { return m.xid != 0 }

// Deadline returns when TimerFired is due; Never: there is nothing to wait for. It may
// be in the past.
func (m *Machine) Deadline() clock.Instant {
	return min(m.deadline, firstEnd(m.lease.Addrs), firstEnd(m.known.Addrs))
}

// XID returns the exchange in flight; only its replies count. 0: none.
func (m *Machine) XID() uint32 { return m.xid }

// Lease returns the lease in use, if there is one.
func (m *Machine) Lease() (Lease, bool) { return m.lease, m.bound }

// Known returns the lease that, as far as we know, a server keeps for us: in use, or
// else remembered, with the addresses that have not expired. Without such addresses it
// returns the stateless lease in use, if there is one.
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

// Step takes an event and returns the actions that follow from it. now must not go back.
func (m *Machine) Step(now clock.Instant, ev Event) []Action {
	m.follow(now, ev)
	acts := m.acts
	m.acts = nil // they carry a lease, which would stay in memory
	return acts
}

// follow does the work that an event asks for, and collects the actions.
func (m *Machine) follow(now clock.Instant, ev Event) {
	if m.state == Stopped {
		return
	}
	if _, stop := ev.(ReleaseRequested); stop {
		m.stop(now)
		return
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
}

// due does the work that the deadline was set for.
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
	case Rebinding:
		m.send(now)
	case Declining:
		m.redecline(now)
	case Informing, Informed:
		m.reinform(now)
	case Stopped: // has no deadline
	}
}

// expire takes expired addresses out of use. If no address is left, a state that needs
// one starts again, and hints at the expired addresses.
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

// stop ends everything. In REQUESTING the server may already have committed addresses;
// the server takes back addresses that no client uses.
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

// keep goes on with some of the addresses in use, or without any.
func (m *Machine) keep(left []Addr, why string) {
	if len(left) == 0 {
		m.unbind(why)
		return
	}
	m.lease.Addrs = left
	m.lease = ordered(m.lease)
	m.acts = append(m.acts, Bind{Lease: m.lease})
}

// unbind gives up the lease in use; the next SOLICIT hints at its addresses.
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
