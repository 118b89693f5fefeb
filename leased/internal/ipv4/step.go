// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"fmt"
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease4"
)

// step tells the machine what happened and does what it says.
func (d *Driver) step(ev lease4.Event) {
	o := d.cfg.Owner
	before := d.machine.State()
	d.turn = clock.Never
	held, _ := d.machine.Lease()
	actions := d.machine.Step(o.Now(), ev)
	d.listen()
	d.performAll(actions, held)
	d.emitState()
	if o.Ending() {
		return
	}
	d.pace(ev, before)
	o.Settled()
}

// performAll ends early where an end was noted.
func (d *Driver) performAll(actions []lease4.Action, held lease4.Lease) {
	for _, a := range actions {
		if d.cfg.Owner.Ending() {
			return
		}
		d.perform(a, held)
	}
	if d.cfg.Owner.Ending() {
		return
	}
	d.receive()
	d.watch()
}

// emitState tells of a new state, if it was not told of. A line in the log takes longer
// than a message, so that the messages go out first.
func (d *Driver) emitState() {
	from, state := d.told, d.machine.State()
	if d.told = state; state != from {
		d.cfg.Owner.Emit(event.State{Family: event.IPv4, State: state, From: from})
	}
}

// emit tells of an event in the present state.
func (d *Driver) emit(e event.Event) {
	d.emitState()
	d.cfg.Owner.Emit(e)
}

// lost notes that the container is gone.
func (d *Driver) lost(err error) {
	d.emitState()
	d.cfg.Owner.Lost(err)
}

// perform does one action. The machine held that lease, or none, before it asked for
// the action.
func (d *Driver) perform(a lease4.Action, held lease4.Lease) {
	o := d.cfg.Owner
	switch a := a.(type) {
	case lease4.Send:
		d.send(a, held)
	case lease4.Bind:
		if d.heardFrom != nil && d.machine.State() == lease4.Bound { // else it is the remembered lease
			d.serverMAC = d.heardFrom
			o.LAN().Granted()
		}
		d.emitChanges(held, a.Lease)
		d.bind(a.Lease, held)
	case lease4.Unbind:
		d.emit(event.Unbound{Family: event.IPv4, Reason: a.Why})
		if d.bound != nil && d.machine.State() != lease4.Stopped {
			o.Expired(held)
			d.allow(netip.Addr{}) // else a RELEASE has to pass
		}
		d.unbind()
	case lease4.Probe:
		d.probe(a.Addr)
	case lease4.Announce:
		if d.cfg.Request.Policy.Shim {
			return // the neighbours would have another MAC than the shim's
		}
		d.sendARP(func(arp kernel.ARPConn) error { return arp.Announce(a.Addr) })
		if held.Addr.Addr() == a.Addr { // the second one, 2 s after the start
			d.lookAgain(held)
		}
	case lease4.Report:
		d.emit(event.Reported{Family: event.IPv4, Msg: a.Msg, Detail: a.Detail})
		d.trouble(a.Msg + ": " + a.Detail)
	}
}

// trouble keeps the reason that a start gets if no lease comes in time, and the server whose
// answer it is about.
func (d *Driver) trouble(text string) {
	if d.answer.IsValid() {
		text = fmt.Sprintf("%s answered, but: %s", d.answer, text)
	}
	d.cfg.Owner.Trouble(text)
}

// pace leaves the LAN's gate when the servers have answered, or have not in time. No
// answer may mean an empty pool: leases that are only held go back.
func (d *Driver) pace(ev lease4.Event, before lease4.State) {
	_, timer := ev.(lease4.TimerFired)
	after, member := d.machine.State(), d.cfg.Owner.LAN()
	asks := after == lease4.Rebooting || after == lease4.Selecting || after == lease4.Requesting
	switch {
	case timer && before == after && asks:
		member.ExitGate(lan.TimedOut)
		if after == lease4.Selecting {
			d.cfg.Owner.Relieve()
		}
	case after == lease4.Stopped:
		member.ExitGate(lan.Abandoned)
	case !asks:
		member.ExitGate(lan.Answered)
	}
}
