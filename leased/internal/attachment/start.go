// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"errors"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// Begin starts the attachment for w, who becomes its owner. Its LAN knows it as living. make makes the link; nil: the
// link is there.
func (a *Attachment) Begin(w *Waiter, make func(at kernel.Place) (kernel.Place, kernel.Hindrance, error)) {
	a.owner, a.waiters = w, []*Waiter{w}
	var h kernel.Hindrance
	if make != nil {
		h = a.makeLink(make)
	}
	switch {
	case a.Ending():
	case h.Blocked > 0:
		a.enqueueLater(h.Blocked)
	default:
		a.Enqueue()
	}
	if !a.Ending() {
		a.hinder(h)
	}
}

// makeLink has make make the link. The intention is on disk first: if leased is killed, the
// next leased removes what there is of the link.
func (a *Attachment) makeLink(make func(at kernel.Place) (kernel.Place, kernel.Hindrance, error)) kernel.Hindrance {
	a.unowned = true
	a.save(lease4.Lease{})
	failpoint.At(failpoint.AfterIntention)
	began := a.Now()
	at, h, err := make(a.place)
	if err != nil {
		a.unowned = false // make has undone what it did
		a.GiveUp("the link could not be made", &leaseapi.Error{Name: leaseapi.ErrorFailed, Message: err.Error()})
		return h
	}
	if now := a.Now(); now.Sub(began) > slowLink {
		a.owed = now.Add(timeToAsk)
	}
	a.place, a.guarded = at, true
	a.req.Link.Index = at.Index
	failpoint.At(failpoint.AfterLink)
	return h
}

// dropLink deletes a link that goes with the attachment.
func (a *Attachment) dropLink() {
	if !a.unowned {
		return
	}
	a.unowned = false
	if err := a.env.Kernel.DeleteLink(a.place); err != nil && !kernel.IsGone(err) {
		a.Emit(event.Broken{What: "delete the link", Err: err})
	}
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
	if a.mend != nil && a.mend.asks {
		a.mend.asks = false
		a.ask()
		return
	}
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
	if err := a.inspect(); err != nil {
		a.Lost(err)
	}
}

// Flooded says that the kernel takes too much of router advertisements on the link.
func (a *Attachment) Flooded() {
	if a.lives() {
		a.v6.Flooded()
	}
}

// inspect fails if the link is gone. It tells of a MAC that a program in the container has given
// to the link, once: the lease stays, and is renewed for the MAC that the servers know.
func (a *Attachment) inspect() error {
	err := a.env.Kernel.Check(a.place)
	if kernel.IsGone(err) {
		return err
	}
	other := errors.Is(err, kernel.ErrMAC)
	if other && !a.otherMAC {
		a.Emit(event.OtherMAC{Err: err, Guarded: a.req.Policy.Guard})
	}
	a.otherMAC = other
	return nil
}

// isLinkless reports whether the link is gone, and the container is not.
func (a *Attachment) isLinkless() bool { return a.mend != nil && a.mend.trouble.Linkless }

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
