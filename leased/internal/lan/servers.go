// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// A container with a lease from before waits that long for the servers, and then goes on
// with its lease: longer than a ping check, shorter than a start's patience. Podman starts
// one container after the other, so the next ones on a silent LAN wait less.
const (
	patienceAlone     = 4 * time.Second
	patienceInCompany = 500 * time.Millisecond // another one went on without a server
)

// heardLately is how long a server counts as present after its last word.
const heardLately = 30 * time.Second

// A RELEASE has no answer, so a RELEASE that a server has no room for is lost, when
// hundreds of containers end. Kea has room for 64 messages.
const (
	releaseStep  = 2 * time.Millisecond
	releaseBurst = 16 // RELEASEs that go out without a pause
)

// servers is what is known of the DHCP servers of a LAN. It is pure.
type servers struct {
	heardAt    clock.Instant // when a server was heard last; 0: never
	resortedAt clock.Instant // when an attachment did without a server's word last; 0: never
	grantedAt  clock.Instant // when a server gave a lease, or renewed it, last; 0: never
	releaseAt  clock.Instant // when the RELEASEs so far have gone out, one a step

	vain   vain            // the start for which all others are short
	starts map[string]vain // the last start of each container that has waited in vain; nil: none
}

func (s *servers) patience(now clock.Instant) time.Duration {
	if s.resortedAt > s.heardAt || s.silent(now) && !s.vain.refused {
		return patienceInCompany
	}
	return patienceAlone
}

func (s *servers) heardLately(now clock.Instant) bool {
	return s.heardAt != 0 && now < s.heardAt.Add(heardLately)
}

func (s *servers) releasePause(now clock.Instant) time.Duration {
	s.releaseAt = max(now, s.releaseAt).Add(releaseStep)
	return s.releaseAt.Sub(now) - releaseBurst*releaseStep
}

// ReleasePause is how long the member has to wait before it sends a RELEASE; ≤ 0: not at
// all. Each call counts as one RELEASE.
func (m *Member) ReleasePause() time.Duration {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.servers.releasePause(m.lan.now())
}

// Patience is how long a start with a lease from before waits for the servers.
func (m *Member) Patience() time.Duration {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.servers.patience(m.lan.now())
}

// Resorted notes that an attachment went on without a server's word now.
func (m *Member) Resorted() {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	m.lan.servers.resortedAt = m.lan.now()
}

// Granted notes that a server has given a lease, or has renewed it.
func (m *Member) Granted() { m.GrantedAt(m.lan.now()) }

// GrantedAt is Granted for a lease from before: the servers were there at that time.
func (m *Member) GrantedAt(t clock.Instant) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	s := &m.lan.servers
	t = min(t, m.lan.now())
	s.heardAt, s.grantedAt = max(s.heardAt, t), max(s.grantedAt, t)
}

// HeardSince reports whether a member heard a server after t.
func (m *Member) HeardSince(t clock.Instant) bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.servers.heardAt > t
}

// HeardLately reports whether a member heard a server in the last 30 s. A server that was
// heard, and is silent to a new client, may be out of addresses.
func (m *Member) HeardLately() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.servers.heardLately(m.lan.now())
}
