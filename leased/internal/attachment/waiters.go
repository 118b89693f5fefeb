// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"net"
	"slices"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/request"
)

// Result answers a request. Lease is nil where there is none, and the request says to
// continue without. MAC is the link's.
type Result struct {
	Lease *leaseapi.Lease
	MAC   net.HardwareAddr
	Err   error
}

// Waiter is a request that waits, and gets one Result. The attachment keeps the Waiter of
// its owner, but not the channel, which only the request keeps.
type Waiter struct {
	result    chan<- Result // nil: it has its Result
	tell      func(r Result) (told bool)
	delivered bool
}

// NewWaiter returns a Waiter and the channel on which its Result comes. The channel has
// room for the Result. tell, if not nil, tells the caller at once, so that no other
// goroutine need wake up for it, and must not block; it reports whether the caller has the
// Result.
func NewWaiter(tell func(r Result) (told bool)) (*Waiter, <-chan Result) {
	c := make(chan Result, 1)
	return &Waiter{result: c, tell: tell}, c
}

// Answer gives the Waiter its Result. Only the attachment's actor calls it.
func (w *Waiter) Answer(r Result) {
	if w.result == nil {
		return
	}
	if w.tell != nil {
		w.delivered = w.tell(r)
	}
	w.result <- r
	w.result, w.tell = nil, nil
}

// Starting reports whether a request waits.
func (a *Attachment) Starting() bool { return len(a.waiters) > 0 }

// Join has one more request wait for the lease that there is, or will be.
func (a *Attachment) Join(w *Waiter) {
	a.waiters = append(a.waiters, w)
	if a.v6.Rejoined(); !a.Ending() && a.Complete() {
		a.Publish()
	}
}

// Late ends the time of a request.
func (a *Attachment) Late(w *Waiter) {
	if !a.leave(w) {
		return // it has its answer
	}
	if a.v4.Bound() { // it was IPv6 that the request waited for
		a.waiters = append(a.waiters, w)
		a.v6.StopWaiting()
		a.Publish()
		return
	}
	why := a.inVain()
	a.v4.InVain()
	a.Emit(event.InVain{MAC: a.req.Link.MAC, Why: why})
	shown := a.Snapshot()
	l := shown.reply(a.Now())
	if a.req.Policy.OnTimeout == request.Continue || a.req.Policy.IPv6 == request.IPv6Only && l != nil {
		a.lan.ExitGate(lan.TimedOut)
		a.goOn(w)
		return
	}
	err := noLease(a.asked(why))
	a.handOver(w)
	if !a.Starting() {
		a.End("no lease in time", ByPolicy)
	}
	w.Answer(Result{Err: err})
}

// Undo takes back what a request has done whose caller is gone, with the link: no one
// else will delete it. The lease that the container had before stays, and so does a
// lease that another request waits for, which owns it from now on. A caller that has its
// answer may hang up.
func (a *Attachment) Undo(w *Waiter) {
	if w.delivered {
		return
	}
	a.leave(w)
	a.handOver(w)
	if a.owner != w {
		return
	}
	a.unowned = true
	a.End("the caller has gone", ByPolicy)
	a.dropLink() // of an attachment that was over already
}

// handOver makes the next request the owner when the owner goes.
func (a *Attachment) handOver(from *Waiter) {
	if a.owner == from && a.Starting() {
		a.owner = a.waiters[0]
	}
}

// leave takes a request off the list, and reports whether it was on it.
func (a *Attachment) leave(w *Waiter) bool {
	n := len(a.waiters)
	a.waiters = slices.DeleteFunc(a.waiters, func(other *Waiter) bool { return other == w })
	return len(a.waiters) < n
}

func (a *Attachment) answer(r Result) {
	for _, w := range a.waiters {
		w.Answer(r)
	}
	a.waiters = nil
	if a.owner != nil && a.owner.delivered {
		a.owner = nil // it has nothing to undo
	}
}
