// SPDX-License-Identifier: Apache-2.0

package lan

import "net/netip"

// Member is one attachment on its LAN. It is safe for concurrent use.
type Member struct {
	lan    *lan
	key    string // as in Identity, as the next three
	client string
	six    six
	cookie uint64
	notify Notify
	next   *Member // living and with the same MAC; the mutex of LANs guards it
	mac    mac

	// The LAN's mutex guards all following fields.
	living     bool // there is a container
	position   position
	subscribed bool       // to router advertisements
	waiting    bool       // for what the advertisements bring
	addr       netip.Addr // the zero Addr: none
}

// Key is the attachment's.
func (m *Member) Key() string { return m.key }

// Heed sets how the member hears from its LAN. It precedes EnterGate and Subscribe.
func (m *Member) Heed(notify Notify) { m.notify = notify }

// Host is the host interface that leads to the LAN.
func (m *Member) Host() string { return m.lan.host }

// Leave ends the membership: the member unsubscribes, gives up its address and its place at
// the gate (Abandoned), and is not living any more. A second call does nothing.
func (m *Member) Leave() {
	m.Unsubscribe()
	m.SetAddr(netip.Addr{})
	m.ExitGate(Abandoned)
	m.SetLive(false)
}

// SetLive says whether there is a container. A lease that is held has none.
func (m *Member) SetLive(is bool) {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setLiveLocked(m, is)
}

func (l *lan) setLiveLocked(m *Member, is bool) {
	if is == m.living {
		return
	}
	m.living = is
	if is {
		l.clients.add(m)
	} else {
		l.clients.remove(m)
	}
	l.all.index(m, is)
}

// HasSuccessor reports whether another living member is the same DHCP client: the
// container was made again under its name before the end of its old self was known. The
// server's lease is the new one's then.
func (m *Member) HasSuccessor() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	others := m.lan.clients.byName[m.client]
	if m.living {
		others--
	}
	return others > 0
}

// MaxHeld is how many leases of containers that ended the LAN may hold at a time.
func (m *Member) MaxHeld() int {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.clients.maxHeld()
}
