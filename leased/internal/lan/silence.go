// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// A start that gets no lease waits for all of its time, with Podman's network lock held, and
// Podman starts one container after the other. So after starts that have waited in vain others
// wait a second, for a minute. The next start after that waits for all of its time again: a ping
// check takes servers longer than a second.
//
// One container may be at fault itself: its server ignores it, or refuses it. Such a container
// shortens its own next start only. The others' starts are shorter after two containers have
// waited in vain, or after one on a LAN where no server was heard yet.
const (
	silenceLasts    = time.Minute
	timeInSilence   = time.Second
	shortestSilence = patienceAlone    // that counts: a start with less time proves nothing
	vainLasts       = 10 * time.Minute // a start in vain counts as the first of two
)

// vain is a start that has waited in vain. The zero vain is none.
type vain struct {
	at      clock.Instant // when its time was over
	refused bool          // as in Wait
}

// Wait is how a start has waited in vain.
type Wait struct {
	By    string        // the container, by its name
	Asked clock.Instant // when it first asked the servers
	// Refused says that servers answered, and gave no lease: with NAKs, or with an offer that
	// they did not confirm. Else no server answered.
	Refused bool
}

// lastWord is when the servers last said what ends a wait of that kind.
func (s *servers) lastWord(refused bool) clock.Instant {
	if refused {
		return s.grantedAt
	}
	return s.heardAt
}

// stands reports whether the servers have not changed their minds since.
func (s *servers) stands(v vain) bool { return v.at > s.lastWord(v.refused) }

func (s *servers) shortens(v vain, now clock.Instant) bool {
	return s.stands(v) && now < v.at.Add(silenceLasts)
}

// silent reports whether all starts on the LAN are short.
func (s *servers) silent(now clock.Instant) bool { return s.shortens(s.vain, now) }

// short reports whether a container's starts are short.
func (s *servers) short(now clock.Instant, by string) bool {
	return s.silent(now) || s.shortens(s.starts[by], now)
}

// waited notes that a start has no lease now.
func (s *servers) waited(now clock.Instant, w Wait) {
	if s.lastWord(w.Refused) >= w.Asked || now < w.Asked.Add(shortestSilence) || s.short(now, w.By) {
		return
	}
	others := s.forget(now, w.By)
	if s.starts == nil {
		s.starts = map[string]vain{}
	}
	v := vain{now, w.Refused}
	s.starts[w.By] = v // not many: from the second one on, the next is a minute later
	unknown := !w.Refused && (s.heardAt == 0 || s.resortedAt > s.heardAt)
	if others || unknown {
		s.vain = v
	}
}

// forget forgets what does not count any more, and a container's own start. It reports
// whether starts of others are left.
func (s *servers) forget(now clock.Instant, by string) (others bool) {
	for other, v := range s.starts {
		if other == by || !s.stands(v) || now >= v.at.Add(vainLasts) {
			delete(s.starts, other)
		}
	}
	return len(s.starts) > 0
}

// Waited notes that a start has waited in vain until now.
func (m *Member) Waited(w Wait) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	m.lan.servers.waited(m.lan.now(), w)
}

// Silent reports whether starts of others have waited in vain lately, and the servers gave no
// reason since to wait longer. own reports the same of the container's own starts.
func (m *Member) Silent(by string) (others, own bool) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	now := m.lan.now()
	return m.lan.servers.silent(now), m.lan.servers.short(now, by)
}

// TimeToStart is how long a container's start on the LAN behind a host interface may wait for a
// lease: at most that long, and less after starts that have waited in vain.
func (l *LANs) TimeToStart(host, by string, most time.Duration) time.Duration {
	l.mu.Lock()
	one := l.byHost[host]
	l.mu.Unlock()
	if one == nil {
		return most
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.servers.short(one.now(), by) {
		return min(most, timeInSilence)
	}
	return most
}
