// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// Config configures a new machine.
type Config struct {
	// Requested is the address that the first DISCOVER asks for (option 50);
	// invalid: none.
	Requested netip.Addr
	// Require accepts only the address Requested; offers of others are ignored and
	// reported.
	Require bool
	// Servers are those whose answers count, by option 54; nil: all.
	Servers []netip.Prefix
	// ClientID is option 61 of our messages. A reply with option 61 must have this value
	// (RFC 6842 §3).
	ClientID []byte
	// Check selects how to find out whether another host already uses the address; zero:
	// no check.
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
	deadline clock.Instant

	xid     uint32 // of the transaction in flight; 0: none
	lastXID uint32 // of the last transaction, not to be taken again

	// lease is in use if bound is set. Otherwise it is the lease that a server is
	// assumed to keep for us, remembered or in PROBING. It is replaced and never changed,
	// and not nil. Without Addr: none.
	lease       *Lease
	state       State
	bound       bool
	unconfirmed bool // lease is used without a server's word, see resume
	forgoing    bool // in INIT because of option 108
	renewals    clock.Renewals

	*exchange // not nil during a Step; nil: the lease is at rest
}

// exchange is the part of a Machine that a lease at rest does without.
type exchange struct {
	acts    []Action      // of the Step in progress, so far
	sent    clock.Instant // when the transaction's first REQUEST was sent
	tries   int           // DISCOVERs, REQUESTs or ARP probes sent in this state
	reports int           // Reports of this transaction
	began   clock.Instant // when acquisition or renewal began; secs counts from there
	offer   offer         // what REBOOTING and REQUESTING ask for
	nak     *dhcp4.Reply  // of another server than the lease's, see denied; nil: none
	arp     arp

	hint      netip.Addr // option 50 of DISCOVER
	naks      int        // since the last BOUND
	conflicts int        // since the last lease without a conflict
}

// New returns a machine in INIT. The event Started starts it.
func New(cfg Config) *Machine {
	if cfg.Check == 0 {
		cfg.Check = CheckOff
	}
	return &Machine{cfg: cfg, state: Init, deadline: clock.Never, lease: &none}
}

// Restore returns a machine in BOUND with a lease known from disk, which the kernel is
// assumed to have. The next TimerFired does the work that became due meanwhile: T1, T2
// or the end of the lease.
func Restore(cfg Config, l Lease) *Machine {
	m := New(cfg)
	l = ordered(l)
	m.state, m.lease, m.bound, m.deadline = Bound, &l, true, l.T1
	return m
}

// State returns the machine's state.
func (m *Machine) State() State { return m.state }

// Medium returns which socket the caller must listen on until the next Step.
func (m *Machine) Medium() Medium { return m.state.medium() }

// Deadline returns when TimerFired is due; Never: there is nothing to wait for. It may
// be in the past.
func (m *Machine) Deadline() clock.Instant {
	if m.exchange == nil {
		return m.deadline
	}
	return min(m.deadline, m.arp.deadline())
}

// XID returns the transaction in flight; only its replies count. 0: none.
func (m *Machine) XID() uint32 { return m.xid }

// Lease returns the lease in use, if there is one.
func (m *Machine) Lease() (Lease, bool) {
	if !m.bound {
		return Lease{}, false
	}
	return *m.lease, true
}

// InUse returns the lease in use, which is not to be changed; nil: none. It spares a
// caller that keeps the lease the copy that Lease makes.
func (m *Machine) InUse() *Lease {
	if !m.bound {
		return nil
	}
	return m.lease
}

// Known returns the lease in use. Without one it returns the lease that, as far as we
// know, a server still keeps for us: remembered or granted, neither refused nor expired.
func (m *Machine) Known(now clock.Instant) (Lease, bool) {
	if !m.lease.Addr.IsValid() || now >= m.lease.Expiry {
		return Lease{}, false
	}
	return *m.lease, true
}

// Refused reports whether servers have answered, and gave no lease: with NAKs, or with an
// OFFER that they have not confirmed.
func (m *Machine) Refused() bool {
	return m.state == Requesting || m.exchange != nil && m.naks > 0
}

// Step takes an event and returns the actions that follow from it. now must not go back.
func (m *Machine) Step(now clock.Instant, ev Event) []Action {
	if m.exchange == nil {
		m.exchange = &exchange{hint: m.cfg.Requested}
	}
	m.follow(now, ev)
	acts := m.acts
	m.acts = nil // they carry a lease, which would stay in memory
	if m.idle() {
		m.exchange = nil
	}
	return acts
}

// Rests reports whether the machine has nothing to do until T1, or is at its end.
func (m *Machine) Rests() bool { return m.exchange == nil && m.state != Init }

// idle reports whether nothing is in flight, and nothing to be done beside the lease.
// INIT counts its exchange's time through its pauses.
func (m *Machine) idle() bool {
	return (m.state == Bound || m.state == Stopped) && !m.arp.watched.IsValid() && !m.arp.announced.IsValid()
}

// follow does the work that an event asks for, and collects the actions.
func (m *Machine) follow(now clock.Instant, ev Event) {
	if _, stop := ev.(ReleaseRequested); stop {
		m.stop(now)
		return
	}
	// This comes first, for every event: an expired address is not ours any more, and an
	// answer to its renewal comes too late (RFC 2131 §4.4.5).
	if m.bound && now >= m.lease.Expiry {
		m.unbind("lease expired")
		m.acquire(now)
	}
	switch ev := ev.(type) {
	case Started:
		if m.state == Init && m.deadline == clock.Never {
			m.start(now, ev)
		}
	case TimedOut:
		m.resume(now)
	case LinkChanged:
		m.move(now, patience(ev.Crowd))
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
}

// due does the work that the deadline was set for.
func (m *Machine) due(now clock.Instant) {
	if m.nak != nil {
		m.deny(now, *m.nak)
		return
	}
	switch m.state {
	case Rebooting:
		m.unanswered(now)
	case Init:
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

// stop ends everything. In REQUESTING the server may already have committed the address.
// But only a client that holds a lease sends a RELEASE (RFC 2131 §3.1(6)), and the
// server takes back an offer that no client uses. A lease that we only remember, or that
// PROBING has not bound yet, is committed at the server.
func (m *Machine) stop(now clock.Instant) {
	if _, ok := m.Known(now); ok {
		m.transact()
		m.sendRelease()
	}
	if m.bound {
		m.unbind("released")
	}
	m.rest(Stopped, clock.Never)
	m.lease = &none
}

// rest enters a state in which nothing is in flight, until the deadline.
func (m *Machine) rest(s State, deadline clock.Instant) {
	m.state, m.deadline, m.xid = s, deadline, 0
	m.arp, m.nak = arp{}, nil
}

// unbind gives up the address, and keeps it as the one to ask for next.
func (m *Machine) unbind(why string) {
	m.acts = append(m.acts, Unbind{Why: why})
	m.hint, m.bound, m.unconfirmed, m.lease = m.lease.Addr.Addr(), false, false, &none
}

// transact begins a transaction with a new xid. The xid is not 0, which XID reserves,
// and not the last one, so that a late reply does not count as an answer.
func (m *Machine) transact() {
	x := uint32(m.cfg.Rand())
	for x == 0 || x == m.lastXID {
		x++ // not Rand again: a broken source must not hang us
	}
	m.xid, m.lastXID = x, x
	m.tries, m.reports, m.nak = 0, 0, nil
}

// maxReports bounds what one transaction may report.
const maxReports = 8

func (m *Machine) report(msg, detail string) {
	if m.reports < maxReports {
		m.reports++
		m.acts = append(m.acts, Report{Msg: msg, Detail: detail})
	}
}
