// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ndp"
)

// routerlessFor is how long a LAN counts as one without a router after its listener is
// closed. Of containers that come one after the other only the first waits for a router.
const routerlessFor = time.Minute

// forgetRoutersLocked is for a LAN without a listener: what was heard may be over.
func (l *lan) forgetRoutersLocked() {
	l.routers = ndp.Routers{}
	l.routerlessUntil = min(l.routerlessUntil, l.now().Add(routerlessFor))
}

// advertised takes an advertisement in and tells the subscribers whom it concerns. It
// reports whether any took the notice.
func (l *lan) advertised(ra ndp.Advertisement) (told bool) {
	concerned, flood := l.heard(ra)
	if flood {
		l.all.cfg.Log.Warn("flood of router advertisements; containers take no prefixes and routers of them until it is over", "on", l.host, "from", ra.From)
	}
	return len(tell(concerned)) < len(concerned)
}

// heard returns those who wait, and all subscribers if the routers say something new. flood
// says that a flood has begun.
func (l *lan) heard(ra ndp.Advertisement) (concerned []*Member, flood bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.routerlessUntil = 0
	was := l.routers.Flooded(l.now())
	changed := l.routers.Heard(l.now(), ra)
	flood = !was && l.routers.Flooded(l.now())
	if l.listener == nil {
		return nil, flood
	}
	for m := range l.listener.subscribers {
		if changed || m.waiting {
			concerned = append(concerned, m)
		}
	}
	return concerned, flood
}

// tell notifies members, and returns those without room for the notice.
func tell(members []*Member) (untold []*Member) {
	for _, m := range members {
		if !m.notify.Advertised() {
			untold = append(untold, m)
		}
	}
	return untold
}

// Advertised is what the LAN's routers say at present.
func (m *Member) Advertised() ndp.Said {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.routers.Says(m.lan.now())
}

// AdvertisedEnd is one second after the next thing ends that a router said; clock.Never if
// nothing ends.
func (m *Member) AdvertisedEnd() clock.Instant {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.routers.Deadline(m.lan.now()).Add(time.Second)
}

// Listening reports whether the LAN's listener is open.
func (m *Member) Listening() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.listeningLocked()
}

func (l *lan) listeningLocked() bool { return l.listener != nil && l.listener.conn != nil }

// Routerless reports whether the LAN has no router: none answered a solicitation in time,
// and none was heard since. waited says that the member itself has waited long enough.
// The LAN remembers that if its listener, which would hear a router, is open.
func (m *Member) Routerless(waited bool) bool {
	l := m.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if waited && l.listeningLocked() {
		l.routerlessUntil = clock.Never
	}
	return waited || l.now() < l.routerlessUntil
}
