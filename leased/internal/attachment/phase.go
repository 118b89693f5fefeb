// SPDX-License-Identifier: Apache-2.0

package attachment

// Phase is where an attachment is in its life:
//
//	            admitted                bound
//	 ┌────────┐          ┌───────────┐────────►┌───────┐
//	►│ QUEUED ├─────────►│ ACQUIRING │         │ READY │◄── a record with a lease
//	 └───┬────┘          └─────┬─────┘◄────────└───┬───┘
//	     │                     │        unbound    │
//	     ├─────────────────────┴───────────────────┤
//	     │ kept     ┌──────┐ returned              │ returned
//	     ├─────────►│ HELD ├──────────┐            │
//	     │          └──┬───┘          ▼            │
//	     │             │ ▲       ┌───────────┐     │
//	     │             │ │       │ RETURNING │◄────┘
//	     │ dropped     │ │       └─────┬─────┘
//	     ▼             ▼ │             │ dropped
//	   OVER ◄──────────┴─┼─────────────┘
//	                     └── a record of a held lease
//
// A record without a lease begins in QUEUED, as a request does, and so does an attachment
// whose link was cut and is made again. The families' own states
// (RFC 2131 figure 5, RFC 8415 §18.2) say more about ACQUIRING and READY. A turn that is
// not drawn keeps the phase.
type Phase uint8

// The phases.
const (
	Queued    Phase = iota + 1 // waits at the LAN's gate
	Acquiring                  // asks the servers; no address is in use
	Ready                      // an address is in use
	Held                       // the container is gone; its lease is kept for it
	Returning                  // the lease is being given back
	Over                       // nothing is left
)

var phaseNames = [...]string{
	Queued: "QUEUED", Acquiring: "ACQUIRING", Ready: "READY", Held: "HELD", Returning: "RETURNING", Over: "OVER",
}

// String returns the phase's name in capitals.
func (p Phase) String() string {
	if p < Queued || p > Over {
		return "invalid"
	}
	return phaseNames[p]
}

// turn is an event that changes the phase.
type turn uint8

const (
	admitted turn = iota + 1 // the LAN's gate lets the attachment in
	bound                    // an address came into use
	unbound                  // no address is in use any more
	kept                     // the container is gone, and its lease is held
	returned                 // the lease is to be given back
	dropped                  // the attachment ends
	cut                      // the link is gone; it is to be made again
)

// after is the phase that follows.
func (p Phase) after(t turn) Phase {
	lives := p == Queued || p == Acquiring || p == Ready
	switch {
	case t == admitted && p == Queued:
		return Acquiring
	case t == bound && p == Acquiring:
		return Ready
	case t == unbound && p == Ready:
		return Acquiring
	case t == kept && lives:
		return Held
	case t == returned && (lives || p == Held):
		return Returning
	case t == cut && lives:
		return Queued
	case t == dropped:
		return Over
	}
	return p
}

func (a *Attachment) turn(t turn) { a.phase = a.phase.after(t) }

// turnToUse notes whether an address is in use.
func (a *Attachment) turnToUse() {
	if a.v4.Bound() || a.v6.InUse() {
		a.turn(bound)
		return
	}
	a.turn(unbound)
}

// lives reports whether the container is taken to be there.
func (a *Attachment) lives() bool { return a.phase < Held }
