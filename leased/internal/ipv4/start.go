// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease4"
)

// Queued is called when the start waits at the LAN's gate.
func (d *Driver) Queued() {}

// Prepare is called before the first message of either family.
func (d *Driver) Prepare() {}

// Start asks the servers for a lease, or for the remembered one.
func (d *Driver) Start() {
	d.begun = true
	if d.off() {
		return
	}
	d.asked = d.cfg.Owner.Now()
	var remembered lease4.Lease
	if d.remembered != nil {
		remembered, d.remembered = *d.remembered, nil
		d.resortAt = d.asked.Add(min(d.cfg.Owner.LAN().Patience(), d.cfg.Request.Policy.Timeout))
	}
	d.step(lease4.Started{Remembered: remembered, Former: d.former, Crowd: d.cfg.Owner.LAN().Crowded()})
	if !d.cfg.Owner.Ending() && d.conn != nil && d.arp == nil && d.checks() {
		d.openARP() // while the server thinks
	}
}

// Fresh reports whether nothing was asked for yet.
func (d *Driver) Fresh() bool { return !d.begun }

// LinkChanged follows a time in which the link did not lead to the LAN.
func (d *Driver) LinkChanged() {
	on := d.cfg.Owner.LAN()
	if !d.begun || d.off() {
		on.ExitGate(lan.Abandoned)
		return
	}
	d.step(lease4.LinkChanged{Crowd: on.Crowded()})
}

// InVain notes that the start has waited for the servers until now.
func (d *Driver) InVain() {
	if d.exchange != nil && d.asked != 0 {
		d.cfg.Owner.LAN().Waited(lan.Wait{
			By: d.cfg.Request.Attachment.Name(), Asked: d.asked, Refused: d.machine.Refused(),
		})
	}
}

// resort uses the remembered lease. A server of the LAN that was heard meanwhile, if
// only by other attachments, is slow and not away: it gets nearly all of the time.
func (d *Driver) resort() {
	last := d.asked.Add(d.cfg.Request.Policy.Timeout / 10 * 9)
	if d.cfg.Owner.Now() < last && d.cfg.Owner.LAN().HeardSince(d.asked) {
		d.resortAt = last
		return
	}
	d.resortAt = clock.Never
	d.cfg.Owner.LAN().Resorted()
	d.step(lease4.TimedOut{})
}
