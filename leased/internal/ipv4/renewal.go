// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease4"
)

// renews reports whether the machine's timer is T1 of a lease in use. Only T1 is put off;
// ARP's work that becomes due meanwhile is done with it.
func (d *Driver) renews() bool {
	l, _ := d.machine.Lease()
	return d.machine.State() == lease4.Bound && d.machine.Deadline() == l.T1
}

// renewBy is when a renewal waits for nothing any more.
func (d *Driver) renewBy() clock.Instant {
	l, _ := d.machine.Lease()
	return l.T2
}

// firesAt is when the machine's timer fires, at the machine's deadline or later.
func (d *Driver) firesAt() clock.Instant {
	at := d.machine.Deadline()
	switch {
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

// fire has the machine do what is due. The lease of the host's shim is confirmed at T1 rather than
// renewed: the answer to a renewal goes to whoever has the address by ARP, and that is not this link.
func (d *Driver) fire() {
	if d.cfg.Request.Policy.Shim && d.renews() {
		d.step(lease4.LinkChanged{Crowd: d.cfg.Owner.LAN().Crowded()})
		return
	}
	d.step(lease4.TimerFired{})
}
