// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"fmt"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/lease6"
)

// step tells the machine what happened and does what it says.
func (d *Driver) step(ev lease6.Event) {
	o := d.cfg.Owner
	before := d.machine.State()
	d.turn = clock.Never
	actions := d.machine.Step(o.Now(), ev)
	if after := d.machine.State(); after != before {
		o.Emit(event.State{Family: event.IPv6, State: after, From: before})
	}
	d.listen()
	for _, a := range actions {
		if !d.goesOn() {
			return
		}
		d.perform(a)
	}
	d.receive()
}

func (d *Driver) perform(a lease6.Action) {
	o := d.cfg.Owner
	switch a := a.(type) {
	case lease6.Send:
		d.send(a)
	case lease6.Bind:
		d.bind(a.Lease)
	case lease6.Unbind:
		d.Unbind(a.Why)
	case lease6.Report:
		o.Emit(event.Reported{Family: event.IPv6, Msg: a.Msg, Detail: a.Detail})
		d.trouble(a.Msg + ": " + a.Detail)
	}
}

// trouble keeps the reason that a start gets if no lease comes in time, and the server or relay
// whose answer it is about.
func (d *Driver) trouble(text string) {
	if !d.only() {
		return // it is no reason for a late IPv4
	}
	if d.answer.IsValid() {
		text = fmt.Sprintf("%s answered, but: %s", d.answer, text)
	}
	d.cfg.Owner.Trouble(text)
}
