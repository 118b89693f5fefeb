// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/record"
)

// ending is the noted end of an attachment. A step that finds the end only notes it, and
// conclude acts on it after the message.
type ending struct {
	why string
	how Outcome
	err error // for the requests that wait
}

// Outcome is what becomes of the lease at the end.
type Outcome uint8

// The outcomes.
const (
	ByPolicy Outcome = iota + 1 // the lease is held or given back, as its policy says
	GiveBack                    // the lease is given back, with a RELEASE
	Discard                     // the lease is another attachment's, or no one wants it

	unlinked // no end: the link is gone, and leased makes it again if the container is there
)

// Ending reports whether an end was noted.
func (a *Attachment) Ending() bool { return a.ending != nil }

// Lost notes that the container is gone without a goodbye.
func (a *Attachment) Lost(err error) {
	if !a.lives() || a.Ending() {
		return // that is known
	}
	if kernel.IsLinkGone(err) && a.req.Link.IsMade() && !a.Starting() {
		a.ending = &ending{"", unlinked, err}
		return
	}
	a.gone(err)
}

// gone notes the end of the container.
func (a *Attachment) gone(err error) {
	a.Emit(event.Lost{Err: err})
	a.ending = &ending{"container is gone", ByPolicy, errors.New("container is gone")}
}

// missed follows an end that is none, if the container is there.
func (a *Attachment) missed(why error) {
	if a.isLinkless() {
		return // that is known
	}
	t, err := a.env.Kernel.Look(a.place, a.req)
	if err == nil && t.Linkless {
		a.inTrouble(t, false)
		return
	}
	a.gone(why)
}

// GiveUp notes the end of the start; the requests that wait get err.
func (a *Attachment) GiveUp(why string, err *leaseapi.Error) {
	if a.lives() && !a.Ending() {
		a.ending = &ending{why, ByPolicy, err}
	}
}

// End ends the attachment immediately. It is for messages, and never for a function
// inside a step. A held lease is past its policy.
func (a *Attachment) End(why string, how Outcome) {
	if a.phase != Held || how != ByPolicy {
		a.ending = &ending{why, how, errors.New(why)}
		a.conclude()
	}
}

// conclude does what a noted end asks for.
func (a *Attachment) conclude() {
	if a.ending == nil {
		return
	}
	if end := *a.ending; end.how == unlinked {
		a.ending = nil
		if a.missed(end.err); a.ending == nil {
			return
		}
	}
	end, now := *a.ending, a.Now()
	a.ending = nil
	k, release := a.Kept(now), a.req.Policy.Release
	switch policy := end.how == ByPolicy; {
	case end.how == Discard:
		a.drop(end)
	case policy && k.Known() && release.Never:
		a.hold(k, k.Expiry(), end)
	case policy && k.Known() && release.Grace > 0:
		a.hold(k, now.Add(release.Grace), end)
	case policy && k.V4.Lease.Addr.IsValid() && a.cannotRelease():
		a.hold(k, now.Add(time.Second), end) // and tried again
	default:
		a.giveBack(end)
	}
}

// cannotRelease reports that no RELEASE can be sent just now: the netns ends only when
// the last socket in it is closed, and its link may still be there, with its MAC.
func (a *Attachment) cannotRelease() bool {
	a.closeAll()
	err := a.v4.OpenRelease()
	if !errors.Is(err, kernel.ErrNoStandIn) {
		return false
	}
	a.Emit(event.Deferred{Err: err})
	return true
}

// giveBack ends the attachment with a RELEASE where there is a lease, the binding
// removed, the record deleted.
func (a *Attachment) giveBack(end ending) {
	memo, had := a.former()
	a.turn(returned)
	for _, f := range a.families {
		f.Release()
	}
	if had && !a.lan.HasSuccessor() {
		a.env.Memory.Last(a.req.ClientKey(), memo)
		a.host.Ended(memo)
	}
	a.drop(end)
}

// former is the memo of the leases that end now, or have ended while they were held: a
// container of the same client asks for their addresses again.
func (a *Attachment) former() (m record.Memo, had bool) {
	k := a.Kept(0)
	return a.Memo(k, a.Now()).Ended(), k.Known()
}

// drop ends the attachment without a word to the servers.
func (a *Attachment) drop(end ending) {
	a.closeAll()
	a.dropLink()
	a.answer(Result{Err: end.err})
	a.deleteRecord()
	a.Emit(event.Ended{Reason: end.why})
	a.quit()
}

// unguard has the guard of the port leave with the link, once: the next container of the same
// name has a port of the same name.
func (a *Attachment) unguard() {
	if a.guarded {
		a.env.Kernel.Unguard(a.place.Use(a.req.Port(), netip.Addr{}))
	}
	a.guarded = false
}

func (a *Attachment) deleteRecord() {
	if err := a.env.Store.Delete(a.host.Key()); err != nil {
		a.Emit(event.Broken{What: "delete the lease's record", Err: err})
	}
}

// errLinkGone is why an attachment ends whose caller has made its link.
var errLinkGone = fmt.Errorf("%w: its interface was deleted", kernel.ErrGone)

// ErrFailed is the answer to a request that a panic has cost its attachment.
var ErrFailed = errors.New("leased failed; see: journalctl -u leased")

// Abandon ends the attachment after a panic. The record stays, for the next leased: so does
// the address, which the kernel ends on time. A link of which no caller knows goes.
func (a *Attachment) Abandon(value any, stack string) {
	a.Emit(event.Panicked{Value: value, Stack: stack})
	a.closeAll()
	if a.unowned {
		a.dropLink()
		a.deleteRecord()
	}
	a.answer(Result{Err: ErrFailed})
	a.quit()
}

func (a *Attachment) quit() {
	a.ending = nil
	a.turn(dropped)
	a.env.Kernel.Leave(a.place)
	a.unguard()
	a.host.Claim()
	a.v4.CloseRelease()
	a.lan.Leave()
}
