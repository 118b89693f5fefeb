// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// The time after which the information is asked for again, by option 32.
const (
	refreshDefault = 24 * time.Hour     // RFC 8415 §7.6, IRT_DEFAULT
	refreshMin     = 600 * time.Second  // IRT_MINIMUM
	refreshMax     = 7 * 24 * time.Hour // ours; infinity is allowed, but would keep DNS servers that have moved
)

// informed takes the REPLY to INFORMATION-REQUEST (RFC 8415 §18.2.10.4).
func (m *Machine) informed(now clock.Instant, r ReplyReceived) {
	if r.Status != dhcp6.Success {
		m.ignore(r, refusal(r))
		return
	}
	again := m.sent.Add(refresh(r))
	m.bind(Lease{Server: r.Server, Start: m.sent, T1: again, T2: clock.Never, DNS: r.DNS, Search: r.Search})
	if m.seeks.on {
		m.without = true
		m.rest(Informed, now.Add(m.longer(m.seeks.rt, m.solMax)))
		return
	}
	if m.rest(Informed, again); now >= again { // the server was away for longer than that
		m.enter(now, Informing)
	}
}

// reinform handles the end of RT, or T1 of the information.
func (m *Machine) reinform(now clock.Instant) {
	switch {
	case m.seeks.on:
		m.seek(now)
	case m.state == Informing:
		m.send(now)
	default:
		m.enter(now, Informing)
	}
}

// seeks is what a machine remembers of SOLICIT while it asks for the information alone. Some
// networks announce addresses by DHCPv6 (M) and have a server with DNS servers and no addresses.
// RFC 8415 §18.2.9 ignores what such a server says in an ADVERTISE; §18.2.6 lets a client ask for
// the information at any time.
type seeks struct {
	on    bool
	tries int           // SOLICITs sent
	rt    time.Duration // after the last of them
}

// informAfter is how many SOLICITs without any answer come before the information is asked for.
const informAfter = 3

// addressless handles a server without addresses. Other servers may have some: they may answer
// for as long as after an offer.
func (m *Machine) addressless(now clock.Instant) {
	if !m.bound {
		m.poor = true
		m.deadline = min(m.deadline, now.Add(collect))
	}
}

// uninformed reports whether the information is to be asked for in place of addresses.
func (m *Machine) uninformed(now clock.Instant) bool {
	switch {
	case m.using():
		return false
	case m.bound:
		return now >= m.lease.T1
	}
	return m.poor || m.tries == informAfter
}

// inquire asks for the information, and then goes on to SOLICIT.
func (m *Machine) inquire(now clock.Instant) {
	m.seeks, m.poor = seeks{on: true, tries: m.tries, rt: m.rt}, false
	m.enter(now, Informing)
}

// seek sends the next SOLICIT, in a new exchange, with the waits of the earlier ones.
func (m *Machine) seek(now clock.Instant) {
	was := m.seeks
	m.state, m.seeks, m.offers = Soliciting, seeks{}, nil
	m.begin(now)
	m.tries, m.rt = was.tries, was.rt
	m.send(now)
}

// Without reports whether a server has given information in place of the addresses that are
// wanted.
func (m *Machine) Without() bool { return m.without && !m.using() }

func refresh(r ReplyReceived) time.Duration {
	if !r.HasRefresh {
		return refreshDefault
	}
	return min(max(seconds(r.Refresh), refreshMin), refreshMax)
}
