// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// RFC 5227 §1.1's numbers, by its names.
const (
	probeNum     = 3
	probeWait    = time.Second     // at most, before the first probe
	probeMin     = time.Second     // at least, between two probes
	probeMax     = 2 * time.Second // at most
	announceWait = 2 * time.Second // after the last probe
)

// probeFirst enters PROBING with a granted lease. The lease replaces the one in use, if
// any: the old one is not ours any more, and the new one is not ours yet.
func (m *Machine) probeFirst(now clock.Instant, l Lease) {
	if m.bound {
		m.unbind("server gives another address")
	}
	m.rest(Probing, now.Add(m.random(probeWait)))
	m.lease, m.tries = &l, 0
	m.arp.watched, m.arp.until = l.Addr.Addr(), clock.Never
}

// probeNext sends the next probe. After three probes without an answer it uses the
// address. A lease of a few seconds, or its T1, may have passed by then.
func (m *Machine) probeNext(now clock.Instant) {
	switch {
	case now >= m.lease.Expiry:
		m.report("lease ended before its address was probed", m.lease.Addr.String())
		m.lease = &none
		m.discover(now)
	case m.tries < probeNum:
		m.sendProbe(now)
	default:
		m.bind(now, *m.lease)
		if now >= m.lease.T1 {
			m.extend(now)
		}
	}
}

func (m *Machine) sendProbe(now clock.Instant) {
	m.tries++
	m.watch(m.lease.Addr.Addr())
	wait := announceWait
	if m.tries < probeNum {
		wait = probeMin + m.random(probeMax-probeMin)
	}
	m.deadline = now.Add(wait)
}
