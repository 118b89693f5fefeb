// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// maxSlack is how much later than T1 a lease is renewed at most, so that leased wakes up
// once for many leases: the wake-up is half of the cost of a lone renewal.
const maxSlack = 4 * time.Second

// RenewAt is when a lease is renewed whose T1 that is: T1, rounded up to the grid of a
// slack. The slack is at most a sixteenth of the time to limit, which is T2 or the end of
// an address. So a short lease is renewed on time.
func RenewAt(t1, limit clock.Instant) clock.Instant {
	return t1.RoundUp(min(maxSlack, limit.Sub(t1)/16))
}

// renewStep is the time from one batch of renewals to the next one.
const renewStep = 32 * time.Millisecond

// renewals spreads the renewals that become due at one point of the grid: a server has
// room for some dozens of messages. It is pure.
type renewals struct {
	at clock.Instant // when the last batch goes out
	n  int           // how many are in it
}

// turn is when one more renewal goes out, with so many in a batch; ≤ now: at once.
func (r *renewals) turn(now clock.Instant, batch int) clock.Instant {
	switch {
	case now >= r.at.Add(renewStep):
		r.at, r.n = now, 0
	case r.n >= batch:
		r.at, r.n = r.at.Add(renewStep), 0
	}
	r.n++
	return r.at
}

// RenewalTurn is when the member may send the message that renews a lease; it may be now.
// Each call counts as one message. Renewals do not enter the gate, where starts would wait
// for them; half of its limit, which starts have found, is a batch.
func (m *Member) RenewalTurn() clock.Instant {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.lan.renewals.turn(m.lan.now(), m.lan.gate.limit/2)
}
