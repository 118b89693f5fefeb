// SPDX-License-Identifier: Apache-2.0

package lan

import "slices"

// Claim makes the member living, unless another living member of the LAN has its client
// identity, its MAC, or its identity in IPv6. In that case Claim returns all such members,
// and changes nothing. Members in gone do not count: their containers are gone, and nobody
// has told them yet.
func (m *Member) Claim(gone []*Member) (rivals []*Member) {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if !m.living && l.contestedLocked(m) {
		rivals = slices.DeleteFunc(l.all.like(m), func(r *Member) bool { return slices.Contains(gone, r) })
	}
	if len(rivals) == 0 {
		l.setLiveLocked(m, true)
	}
	return rivals
}

// contestedLocked reports whether there is a living member like m, with three look-ups.
func (l *lan) contestedLocked(m *Member) bool {
	return l.clients.byName[m.client] > 0 || l.clients.bySix[m.six] > 0 || l.all.hasMAC(m)
}

// hasMAC reports whether a living member of the same LAN has the MAC of m.
func (l *LANs) hasMAC(m *Member) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	other := l.byMAC[m.mac]
	for other != nil && other.lan != m.lan {
		other = other.next
	}
	return other != nil
}

// like returns the living members of the same LAN that claim something of m's. It looks at
// all living members: it is for the rare case that there is one.
func (l *LANs) like(m *Member) (others []*Member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, first := range l.byMAC {
		for other := first; other != nil; other = other.next {
			if other != m && other.lan == m.lan && m.Shares(other) != 0 {
				others = append(others, other)
			}
		}
	}
	return others
}

// Shared is what two clients of a LAN have in common, and must not. Zero: nothing.
type Shared uint8

// The values of Shared. Of several, the first one counts.
const (
	SharedMAC    Shared = iota + 1
	SharedClient        // the client identifier
	SharedSix           // the identity in IPv6
)

// Shares returns what m and another member have in common.
func (m *Member) Shares(other *Member) Shared {
	switch {
	case m.mac == other.mac:
		return SharedMAC
	case m.client == other.client:
		return SharedClient
	case m.six == other.six && m.six != six{}:
		return SharedSix
	}
	return 0
}
