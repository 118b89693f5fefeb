// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease6"
)

// renews reports whether the machine's timer is T1 of a lease in use, stateless ones
// included. Only T1 is put off.
func (d *Driver) renews() bool {
	l, _ := d.machine.Lease()
	s := d.machine.State()
	return (s == lease6.Bound || s == lease6.Informed) && d.machine.Deadline() == l.T1
}

// renewBy is when a renewal waits for nothing any more.
func (d *Driver) renewBy() clock.Instant {
	l, _ := d.machine.Lease()
	by := l.T2
	for _, a := range l.Addrs {
		by = min(by, a.Valid)
	}
	return by
}

// firesAt is when the machine's timer fires, at the machine's deadline or later.
func (d *Driver) firesAt() clock.Instant {
	at := d.machine.Deadline()
	switch {
	case d.waits():
		return clock.Never
	case !d.renews():
		return at
	case d.turn != clock.Never:
		return d.turn
	}
	return lan.RenewAt(at, d.renewBy())
}

// hasTurn reports whether the machine's timer may fire. A renewal is given its turn among
// those of the LAN first.
func (d *Driver) hasTurn(now clock.Instant) bool {
	if d.renews() && d.turn == clock.Never {
		d.turn = min(d.cfg.Owner.LAN().RenewalTurn(), d.renewBy())
	}
	return d.turn == clock.Never || now >= d.turn
}
