// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// move is for a link that may be another one: whether the addresses in use fit it
// is asked (RFC 8415 §18.2.3), and what else is asked for is asked for anew, for the
// RT of an old link may be an hour.
func (m *Machine) move(now clock.Instant) {
	switch {
	case m.state == Declining: // first things first
		m.moved = true
	case m.using() || m.state == Confirming:
		m.enter(now, Confirming)
	case m.state == Soliciting || m.state == Requesting:
		m.solicit(now)
	case m.state == Informing || m.state == Informed:
		m.enter(now, Informing)
	}
}

// reconfirm sends the CONFIRM again, or goes without an answer: what there is is
// used (§18.2.3, SHOULD).
func (m *Machine) reconfirm(now clock.Instant) {
	if now < m.limit(m.timing()) {
		m.send(now)
		return
	}
	m.report("no answer to CONFIRM", "the lease is used as it is")
	m.trust(now)
}

// confirmed takes the REPLY to CONFIRM, of any server.
func (m *Machine) confirmed(now clock.Instant, r ReplyReceived) {
	switch status(r) {
	case dhcp6.Success:
		m.trust(now)
	case dhcp6.NotOnLink:
		m.report("server says that the addresses are not on the link", refusal(r))
		m.leave("addresses are not on the link")
		m.solicit(now)
	default:
		m.ignore(r, refusal(r))
	}
}

// trust uses the lease that was to be confirmed, with the times that it had.
func (m *Machine) trust(now clock.Instant) {
	if len(m.known.Addrs) > 0 {
		m.bind(m.known)
	}
	m.settle(now)
}
