// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// Bounds of the time between two REQUESTs of RENEWING or REBINDING.
const (
	// renewWait is RFC 2131 §4.4.5's minimum.
	renewWait = 60 * time.Second
	// shortWait is ours, for less than renewWait of remaining time. The RFC assumes
	// leases of hours; one lost frame must not end a lease of minutes.
	shortWait = time.Second
)

// extend does the work that is due in BOUND, RENEWING or REBINDING. Step handles the end
// of the lease.
func (m *Machine) extend(now clock.Instant) {
	switch {
	case now >= m.lease.T2 && m.state != Rebinding:
		m.enter(now, Rebinding)
	case m.state == Bound:
		m.enter(now, Renewing)
	default:
		m.sendExtend(now)
	}
}

// enter begins RENEWING or REBINDING, each a transaction of its own.
func (m *Machine) enter(now clock.Instant, s State) {
	if m.state == Bound {
		m.began = now
	}
	m.state, m.sent = s, now
	m.transact()
	m.sendExtend(now)
}

// sendExtend sends a REQUEST without options 50 and 54 and with ciaddr (RFC 2131
// §4.3.2), to the lease's server in RENEWING and to all in REBINDING.
func (m *Machine) sendExtend(now clock.Instant) {
	to, limit := m.lease.Server, m.lease.T2
	if m.state == Rebinding {
		to, limit = netip.Addr{}, m.lease.Expiry
	}
	m.send(to, dhcp4.Message{Type: dhcp4.Request, Secs: m.secs(now), Client: m.lease.Addr.Addr()})
	if m.unconfirmed { // the server that comes back may refuse it: ask as often as for a new one
		m.deadline = min(limit, now.Add(m.backoff()))
		return
	}
	floor := renewWait
	if limit.Sub(m.sent) <= renewWait {
		floor = shortWait
	}
	// Half of the remaining time, but at least the floor, and not beyond the limit.
	m.deadline = min(limit, now.Add(max(limit.Sub(now)/2, floor)))
}

// sendRelease gives the lease back: to its server, from its address (§4.4.6).
func (m *Machine) sendRelease() {
	s := m.lease.Server
	m.send(s, dhcp4.Message{Type: dhcp4.Release, Client: m.lease.Addr.Addr(), Server: s})
}
