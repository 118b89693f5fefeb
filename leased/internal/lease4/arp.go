// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// watchTime is how long CheckQuick listens after the address is bound. A host that
	// uses the address answers a probe at once; a host in power save answers within this
	// time.
	watchTime = 500 * time.Millisecond

	// announceGap is RFC 5227 §1.1's ANNOUNCE_INTERVAL, between its ANNOUNCE_NUM of
	// two announcements.
	announceGap = 2 * time.Second
)

// arp holds the work that runs beside figure 5: an address that is watched, and an
// address that must be announced once more. Neither changes the state. The zero value
// means that nothing runs.
type arp struct {
	watched netip.Addr     // the address whose ARP counts; invalid: none
	until   clock.Instant  // when the watch ends; clock.Never before the address is bound
	foe     *ConflictFound // found before the ACK; nil: none

	announced netip.Addr    // to be announced again; invalid: none
	again     clock.Instant // when
}

// Watching returns the address whose ARP packets the caller must listen to until the
// next Step; invalid: none.
func (m *Machine) Watching() netip.Addr {
	if m.exchange == nil {
		return netip.Addr{}
	}
	return m.arp.watched
}

func (a *arp) deadline() clock.Instant {
	d := clock.Never
	if a.watched.IsValid() {
		d = a.until
	}
	if a.announced.IsValid() {
		d = min(d, a.again)
	}
	return d
}

// beside does the ARP work that is due.
func (m *Machine) beside(now clock.Instant) {
	if m.arp.watched.IsValid() && now >= m.arp.until {
		m.undisturbed()
	}
	if a := m.arp.announced; a.IsValid() && now >= m.arp.again {
		m.acts = append(m.acts, Announce{Addr: a})
		m.arp.announced = netip.Addr{}
	}
}

// undisturbed ends the watch: no other host uses the address.
func (m *Machine) undisturbed() { m.arp.watched, m.conflicts = netip.Addr{}, 0 }

// watch sends a probe for a and watches it from now on.
func (m *Machine) watch(a netip.Addr) {
	m.acts = append(m.acts, Probe{Addr: a})
	m.arp.watched, m.arp.until, m.arp.foe = a, clock.Never, nil
}

// probeQuick probes the address that a REQUEST asks for, right before the REQUEST. The
// two answers overlap, and a host that uses the address mostly answers before the server
// does.
func (m *Machine) probeQuick(a netip.Addr) {
	if m.cfg.Check == CheckQuick {
		m.watch(a)
	}
}

// settle finishes an address that was not bound in the state before. It starts the rest
// of the conflict check and the announcement, which corrects the neighbours' ARP caches
// (RFC 2131 §4.4.1, RFC 5227 §2.3).
func (m *Machine) settle(now clock.Instant, before State) {
	a := m.lease.Addr.Addr()
	if before == Probing || m.cfg.Check == CheckOff {
		m.undisturbed()
	} else {
		if m.arp.watched != a { // no REQUEST has named it
			m.watch(a)
		}
		m.arp.until = now.Add(watchTime)
	}
	m.acts = append(m.acts, Announce{Addr: a})
	m.arp.announced, m.arp.again = a, now.Add(announceGap)
}
