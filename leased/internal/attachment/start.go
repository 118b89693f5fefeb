// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
)

// Begin starts the attachment for w, who becomes its owner.
func (a *Attachment) Begin(w *Waiter) {
	a.owner, a.waiters = w, []*Waiter{w}
	a.lan.SetLive(true)
	a.Enqueue()
}

// Enqueue asks the servers, or waits until there is room for one more to ask them.
func (a *Attachment) Enqueue() {
	if a.lan.EnterGate() {
		a.admitted()
		return
	}
	a.each(family.Queued)
}

// admitted is called when the LAN's gate opens.
func (a *Attachment) admitted() {
	if a.phase != Queued {
		return
	}
	a.turn(admitted)
	a.each(family.Prepare)
	if !a.Ending() {
		a.v4.Start()
	}
	if !a.Ending() { // while the server thinks
		a.number()
		a.families[1].Start()
	}
}

// Restarted goes on with an attachment that was taken from disk.
func (a *Attachment) Restarted() {
	if a.Check(); !a.Ending() {
		a.v6.Restarted()
	}
}

// Check notes the end if the container is gone.
func (a *Attachment) Check() {
	if !a.lives() {
		return
	}
	a.number()
	if err := a.env.Kernel.Check(a.place); kernel.IsGone(err) {
		a.Lost(err)
	}
}

// number has the kernel announce the end of the container's netns.
func (a *Attachment) number() {
	if a.place.Number != kernel.Unnumbered {
		return
	}
	n, err := a.env.Kernel.Number(a.place)
	if err != nil {
		a.Emit(event.Failed{What: "number the network namespace; its end is noticed at the next renewal only", Err: err})
		return
	}
	a.place.Number = n
	a.host.Numbered(n)
}
