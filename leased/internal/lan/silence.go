// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// On a LAN whose servers are silent a start waits for all of its time, with Podman's network
// lock held, and Podman starts one container after the other. So after one start that has
// waited in vain the others wait a second, for a minute. The next start after that waits for
// all of its time again: a ping check takes servers longer than a second.
const (
	silenceLasts    = time.Minute
	timeInSilence   = time.Second
	shortestSilence = patienceAlone // that counts: a start with less time proves nothing
)

func (s *servers) silent(now clock.Instant) bool {
	return s.silentAt > s.heardAt && now < s.silentAt.Add(silenceLasts)
}

// unanswered notes that a start which has asked at that time has no answer now.
func (s *servers) unanswered(now, asked clock.Instant) {
	if s.heardAt < asked && now >= asked.Add(shortestSilence) && !s.silent(now) {
		s.silentAt = now
	}
}

// Unanswered notes that a start has waited in vain, since it asked the servers.
func (m *Member) Unanswered(asked clock.Instant) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	m.lan.servers.unanswered(m.lan.now(), asked)
}

// Silent reports whether another start has waited in vain lately, and no server was heard
// since.
func (m *Member) Silent() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.servers.silent(m.lan.now())
}

// TimeToStart is how long a start on the LAN behind a host interface may wait for a lease: at
// most that long, and less while the servers are silent.
func (l *LANs) TimeToStart(host string, most time.Duration) time.Duration {
	l.mu.Lock()
	one := l.byHost[host]
	l.mu.Unlock()
	if one == nil {
		return most
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.servers.silent(one.now()) {
		return min(most, timeInSilence)
	}
	return most
}
