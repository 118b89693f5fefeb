// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// freeDups is how many duplicates in a row cost no time, each within dupMemory of
	// the one before. Then there are pauses, so that leased does not try a whole network
	// in which a host answers for every address.
	freeDups  = 3
	dupPause  = 10 * time.Second
	maxDups   = 5 * time.Minute
	dupMemory = 15 * time.Minute // longer than the longest pause and what comes after it
)

// duplicate gives up an address that another host uses, first in the kernel and then at
// the server (RFC 8415 §18.2.8, §18.2.10.1).
func (m *Machine) duplicate(now clock.Instant, a netip.Addr) {
	if !has(m.lease.Addrs, a) {
		return
	}
	if m.state != Declining {
		m.declined = nil
		m.moved = m.state == Confirming
	}
	if m.dups > 0 && now.Sub(m.lastDup) > dupMemory {
		m.dups = 0
	}
	m.dups, m.lastDup = m.dups+1, now
	m.server, m.declined = m.lease.Server, append(slices.Clone(m.declined), a)
	left := slices.DeleteFunc(slices.Clone(m.lease.Addrs), func(x Addr) bool { return x.Addr == a })
	m.keep(left, "address is in use by another host")
	m.hint = nil
	m.enter(now, Declining)
	m.report("address is in use by another host", a.String())
}

// redecline sends the DECLINE again, or ends after the last one.
func (m *Machine) redecline(now clock.Instant) {
	if m.tries < decTries {
		m.send(now)
		return
	}
	m.afterDecline(now)
}

// afterDecline goes on with the remaining addresses, whose T1 may have passed meanwhile,
// or asks for new ones.
func (m *Machine) afterDecline(now clock.Instant) {
	switch {
	case !m.using():
		m.solicitAfter(now, growing(m.dups-freeDups, dupPause, maxDups))
	case m.moved:
		m.moved = false
		m.enter(now, Confirming)
	default:
		m.settle(now)
	}
}
