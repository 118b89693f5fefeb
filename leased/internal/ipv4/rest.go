// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
)

// Wake precedes the first call after Rest, except for Due, Known, InUse and Show.
func (d *Driver) Wake() {
	if d.exchange == nil {
		d.exchange = &exchange{medium: lease4.MediumNone, quiet: clock.Never, again: clock.Never, resortAt: clock.Never}
	}
}

// Rest closes the sockets that only a start needs: none. Nearly all leases are at rest
// nearly all of the time, so a lease with nothing in flight keeps only what it must.
func (d *Driver) Rest(bool) {
	if d.machine.Rests() && d.exchange.rests() {
		d.exchange = nil
	}
}

// rests reports whether no socket is open and nothing is due.
func (x *exchange) rests() bool {
	sockets := x.conn != nil || x.arp != nil || x.releaseConn != nil
	return !sockets && x.remembered == nil && x.again == clock.Never && x.resortAt == clock.Never
}

// Idle reports whether no exchange is in flight: nothing is to hold the netns.
func (d *Driver) Idle() bool { return d.exchange == nil || d.conn == nil }
