// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
)

// Config is what a machine is told when it is made.
type Config struct {
	// Requested is the address that the first DISCOVER asks for (option 50);
	// invalid: none.
	Requested netip.Addr
	// Require takes no address but Requested; others are ignored and reported.
	Require bool
	// ClientID is the option 61 of our messages; a reply that has one must have
	// this one (RFC 6842 §3).
	ClientID []byte
	// Check says how to find out whether somebody else has the address already;
	// zero: not at all.
	Check Check
	// RapidCommit asks for, and takes, an ACK in place of an OFFER (RFC 4039).
	RapidCommit bool
	// V6Only asks the network whether it would rather do without IPv4 (RFC 8925).
	V6Only bool
	// Rand returns unpredictable numbers, for xids above all (crypto/rand). Not nil.
	Rand func() uint64
}

// Machine is the lease of one attachment. It is not safe for concurrent use: one
// goroutine owns it.
type Machine struct {
	cfg      Config
	state    State
	deadline clock.Instant
	acts     []Action // what the Step in progress has to say so far

	xid     uint32        // of the transaction in flight; 0: none
	lastXID uint32        // of the last transaction, not to be taken again
	sent    clock.Instant // when the transaction's first REQUEST was sent
	tries   int           // DISCOVERs, REQUESTs or ARP probes sent in this state
	reports int           // Reports of this transaction

	began clock.Instant // when acquisition or renewal began; secs counts from there
	hint  netip.Addr    // option 50 of DISCOVER
	naks  int           // NAKs since the last BOUND
	offer offer         // what REBOOTING and REQUESTING ask for

	// lease is in use where bound says so; else it is what a server is taken to
	// hold for us, remembered or in PROBING. Without Addr: none.
	lease       Lease
	bound       bool
	unconfirmed bool // lease is used without a server's word, see resume
	forgoing    bool // INIT is where option 108 has led to

	arp       arp
	conflicts int // since the last lease that nobody disturbed
}

// New returns a machine in INIT. Started sets it going.
func New(cfg Config) *Machine {
	if cfg.Check == 0 {
		cfg.Check = CheckOff
	}
	return &Machine{cfg: cfg, state: Init, deadline: clock.Never, hint: cfg.Requested}
}

// Restore returns a machine in BOUND with a lease known from disk, which the
// kernel is taken to have. The next TimerFired does what has become due since:
// T1, T2 or the end of the lease.
func Restore(cfg Config, l Lease) *Machine {
	m := New(cfg)
	m.state, m.lease, m.bound, m.deadline = Bound, ordered(l), true, ordered(l).T1
	return m
}

// State returns where the machine is.
func (m *Machine) State() State { return m.state }

// Medium returns what the caller has to listen on until the next Step.
func (m *Machine) Medium() Medium { return m.state.medium() }

// Deadline returns when TimerFired is due; Never: there is nothing to wait for.
// It may have passed already.
func (m *Machine) Deadline() clock.Instant { return min(m.deadline, m.arp.deadline()) }

// XID returns the transaction in flight, of which alone replies count; 0: none.
func (m *Machine) XID() uint32 { return m.xid }

// Lease returns the lease in use, if there is one.
func (m *Machine) Lease() (Lease, bool) {
	if !m.bound {
		return Lease{}, false
	}
	return m.lease, true
}

// Known returns the lease in use, or else the one that a server still holds for us
// as far as we know: remembered or granted, and neither refused nor over.
func (m *Machine) Known(now clock.Instant) (Lease, bool) {
	if !m.lease.Addr.IsValid() || now >= m.lease.Expiry {
		return Lease{}, false
	}
	return m.lease, true
}

// Step takes an event and returns what to do about it. now must not go back.
func (m *Machine) Step(now clock.Instant, ev Event) []Action {
	m.acts = nil
	if _, stop := ev.(ReleaseRequested); stop {
		m.stop(now)
		return m.acts
	}
	// First of all: whatever woke us, an address that has expired is not ours any
	// more, and an answer to its renewal comes too late (RFC 2131 §4.4.5).
	if m.bound && now >= m.lease.Expiry {
		m.unbind("lease expired")
		m.acquire(now)
	}
	switch ev := ev.(type) {
	case Started:
		if m.state == Init && m.deadline == clock.Never {
			m.start(now, ev.Remembered, patience(ev))
		}
	case TimedOut:
		m.resume(now)
	case ConflictFound:
		m.found(now, ev)
	case TimerFired:
		if now >= m.deadline && m.deadline != clock.Never {
			m.due(now)
		}
	case ReplyReceived:
		m.receive(now, ev)
	}
	m.beside(now) // last: a conflict counts until the watch has been ended
	return m.acts
}

// due does what the deadline was for.
func (m *Machine) due(now clock.Instant) {
	switch m.state {
	case Init, Rebooting:
		m.discover(now)
	case Selecting:
		m.sendDiscover(now)
	case Requesting:
		m.sendSelect(now)
	case Probing:
		m.probeNext(now)
	case Bound, Renewing, Rebinding:
		m.extend(now)
	case Stopped: // has no deadline
	}
}

// stop ends everything. In REQUESTING the server may have committed the address
// already; yet a RELEASE is for who holds a lease (RFC 2131 §3.1(6)), and an
// offer that nobody uses comes back by itself. One that we only remember, or
// that PROBING has not bound yet, the server does hold for us.
func (m *Machine) stop(now clock.Instant) {
	if _, ok := m.Known(now); ok {
		m.transact()
		m.sendRelease()
	}
	if m.bound {
		m.unbind("released")
	}
	m.rest(Stopped, clock.Never)
	m.lease = Lease{}
}

// rest enters a state in which nothing is in flight, until the deadline.
func (m *Machine) rest(s State, deadline clock.Instant) {
	m.state, m.deadline, m.xid = s, deadline, 0
	m.arp = arp{}
}

// unbind gives up the address, and remembers to ask for it again.
func (m *Machine) unbind(why string) {
	m.acts = append(m.acts, Unbind{Why: why})
	m.hint, m.bound, m.unconfirmed, m.lease = m.lease.Addr.Addr(), false, false, Lease{}
}

// transact begins a transaction: an xid that is not 0, which XID reserves, and
// not the last one, so that a late reply cannot be taken for an answer.
func (m *Machine) transact() {
	x := uint32(m.cfg.Rand())
	for x == 0 || x == m.lastXID {
		x++ // not Rand again: a broken source must not hang us
	}
	m.xid, m.lastXID = x, x
	m.tries, m.reports = 0, 0
}

// maxReports bounds what one transaction may report.
const maxReports = 8

func (m *Machine) report(msg, detail string) {
	if m.reports < maxReports {
		m.reports++
		m.acts = append(m.acts, Report{Msg: msg, Detail: detail})
	}
}
