// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// move handles a link that may be another one. It asks a server whether the addresses in
// use fit the link (RFC 8415 §18.2.3). It starts all other exchanges again, because an
// RT that began on the old link may be an hour long.
func (m *Machine) move(now clock.Instant) {
	switch {
	case m.state == Declining: // CONFIRM follows the DECLINE
		m.moved = true
	case m.using() || m.state == Confirming:
		m.enter(now, Confirming)
	case m.state == Soliciting || m.state == Requesting || m.seeks.on:
		m.solicit(now)
	case m.state == Informing || m.state == Informed:
		m.enter(now, Informing)
	}
}

// reconfirm sends the CONFIRM again. After the last CONFIRM without an answer it uses
// the lease (§18.2.3, SHOULD).
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

// trust uses the lease that CONFIRM asked about, with its old times.
func (m *Machine) trust(now clock.Instant) {
	if len(m.known.Addrs) > 0 {
		m.bind(m.known)
	}
	m.settle(now)
}
