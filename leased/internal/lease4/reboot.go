// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// rebootWait is how long REBOOTING waits for an answer. A server that has forgotten the
// lease and is not authoritative is silent (RFC 2131 §4.3.2). A server that knows the
// lease needs less than a millisecond on a LAN. The 4 s of §4.1 would be lost, and the
// DISCOVER that follows asks for the same address.
const (
	rebootWait = 250 * time.Millisecond
	crowdWait  = time.Second // after a reboot of the host all containers ask at once
)

func patience(crowd bool) time.Duration {
	if crowd {
		return crowdWait
	}
	return rebootWait
}

// start asks for a remembered lease (INIT-REBOOT), else for any lease, of a former address
// if there is one (RFC 2131 §4.4.1, MAY). It asks for a lease that has expired by our own
// count too: the address may still be free.
func (m *Machine) start(now clock.Instant, ev Started) {
	m.began = now
	if !m.wanted(ev.Remembered) {
		if !m.hint.IsValid() && dhcp4.Unicast(ev.Former) {
			m.hint = ev.Former
		}
		m.discover(now)
		return
	}
	l := ordered(ev.Remembered)
	m.lease = &l
	m.hint = l.Addr.Addr()
	m.reboot(now, patience(ev.Crowd))
}

// wanted reports whether a remembered lease is valid, whatever the disk says, is for the address
// that we must ask for, if there is one, and is of a server that counts.
func (m *Machine) wanted(l Lease) bool {
	a := l.Addr.Addr()
	return dhcp4.Unicast(a) && dhcp4.Unicast(l.Server) && m.Allows(l.Server) && (!m.cfg.Requested.IsValid() || m.cfg.Requested == a)
}

// ordered returns l with Start ≤ T1 ≤ T2 ≤ Expiry, whatever the disk says.
func ordered(l Lease) Lease {
	l.T2 = min(l.T2, l.Expiry)
	l.T1 = min(l.T1, l.T2)
	l.Start = min(l.Start, l.T1)
	return l
}

// reboot enters REBOOTING with the only REQUEST of this state: with option 50, without
// option 54 and ciaddr, to all servers (RFC 2131 §4.3.2).
func (m *Machine) reboot(now clock.Instant, wait time.Duration) {
	m.state, m.sent = Rebooting, now
	m.transact()
	m.offer = offer{addr: m.hint, secs: m.secs(now)}
	if !m.bound { // else it is in use, and was probed
		m.probeQuick(m.offer.addr)
	}
	m.send(netip.Addr{}, dhcp4.Message{Type: dhcp4.Request, Secs: m.offer.secs, Requested: m.offer.addr})
	m.deadline = now.Add(wait)
	if m.bound {
		m.deadline = min(m.deadline, m.lease.Expiry)
	}
}

// move handles a link that leads to a LAN again (RFC 2131 §3.7). A lease in use stays in use
// while REBOOTING asks for it: the LAN is most likely the same.
func (m *Machine) move(now clock.Instant, wait time.Duration) {
	switch m.state {
	case Bound, Renewing, Rebinding, Rebooting:
		if !m.lease.Addr.IsValid() { // another host has the address that REBOOTING asked for
			m.acquire(now)
			return
		}
		m.began, m.hint = now, m.lease.Addr.Addr()
		m.reboot(now, wait)
	case Init:
		if m.deadline != clock.Never {
			m.acquire(now)
		}
	case Selecting, Requesting:
		if now > m.sent { // else it was asked a moment ago
			m.acquire(now)
		}
	case Probing, Stopped: // the address was granted a moment ago; or nothing is wanted
	}
}

// unanswered follows a REQUEST of REBOOTING that no server has answered. A lease in use goes on,
// and all servers are asked as often as for a new one: the LAN's server may come back later
// than the link.
func (m *Machine) unanswered(now clock.Instant) {
	if !m.bound {
		m.discover(now)
		return
	}
	m.unconfirmed = true
	m.enter(now, Rebinding)
}

// resume uses a remembered lease for its remaining time if no server answered (RFC 2131
// §3.2, MAY). The state is REBINDING from then on, so that the first server that comes
// back can confirm or refuse the lease. Until then the lease is unconfirmed.
func (m *Machine) resume(now clock.Instant) {
	switch m.state {
	case Init, Rebooting, Selecting, Requesting:
	case Probing, Bound, Renewing, Rebinding, Stopped:
		return
	}
	l, ok := m.Known(now)
	if !ok || m.bound {
		return
	}
	m.bind(now, l)
	m.unconfirmed = true
	m.enter(now, Rebinding)
}

// forget drops the remembered lease if its address is a.
func (m *Machine) forget(a netip.Addr) {
	if !m.bound && m.lease.Addr.Addr() == a {
		m.lease = &none
	}
}
