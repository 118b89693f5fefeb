// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// exchange is a message, its retransmissions, and the answer that is expected.
type exchange struct {
	xid     uint32        // 24 bits; 0: nothing is in flight
	sent    clock.Instant // when its first message was
	tries   int           // messages sent
	rt      time.Duration // the wait after the last of them (RFC 8415 §15: RTprev)
	reports int
}

// enter enters a state by its message, which begins an exchange.
func (m *Machine) enter(now clock.Instant, s State) {
	m.state = s
	m.begin(now)
	m.send(now)
}

// begin begins an exchange with a new transaction id of 24 bits. The id is not 0, which
// XID reserves, and not the last one, so that a late reply does not count as an answer.
func (m *Machine) begin(now clock.Instant) {
	const mask = 1<<24 - 1
	x := uint32(m.cfg.Rand()) & mask
	for x == 0 || x == m.lastXID {
		x = (x + 1) & mask // not Rand again: a broken source must not hang us
	}
	m.exchange, m.lastXID = exchange{xid: x, sent: now}, x
}

// send sends the state's message, first or again, and sets the deadline for the next.
func (m *Machine) send(now clock.Instant) {
	m.emit(now, m.message())
	t := m.timing()
	m.rt = m.backoff(t)
	m.deadline = min(now.Add(m.rt), m.limit(t))
}

// emit sends a message of the exchange in flight.
func (m *Machine) emit(now clock.Instant, msg dhcp6.Message) {
	msg.XID, msg.Elapsed = m.xid, now.Sub(m.sent)
	m.acts = append(m.acts, Send{Message: msg})
	m.tries++
	m.pace.charge(now)
}

// message makes the state's message. It is made again for each retransmission, so that
// it does not ask for an address that has expired since.
func (m *Machine) message() dhcp6.Message {
	l := m.lease
	switch m.state {
	case Soliciting:
		return dhcp6.Message{Type: dhcp6.Solicit, IA: true, Addrs: m.hint, RapidCommit: m.cfg.RapidCommit}
	case Requesting:
		return dhcp6.Message{Type: dhcp6.Request, Server: m.offer.server, IA: true, Addrs: m.offer.addrs}
	case Confirming:
		if len(m.known.Addrs) > 0 {
			l = m.known
		}
		return dhcp6.Message{Type: dhcp6.Confirm, IA: true, Addrs: addrs(l.Addrs)}
	case Renewing:
		return dhcp6.Message{Type: dhcp6.Renew, Server: l.Server, IA: true, Addrs: addrs(l.Addrs)}
	case Rebinding:
		return dhcp6.Message{Type: dhcp6.Rebind, IA: true, Addrs: addrs(l.Addrs)}
	case Declining:
		return dhcp6.Message{Type: dhcp6.Decline, Server: m.server, IA: true, Addrs: m.declined}
	case Informing:
		return dhcp6.Message{Type: dhcp6.InformationRequest}
	case Init, Bound, Informed, Stopped: // say nothing
	}
	return dhcp6.Message{}
}

func release(l Lease) dhcp6.Message {
	return dhcp6.Message{Type: dhcp6.Release, Server: l.Server, IA: true, Addrs: addrs(l.Addrs)}
}
