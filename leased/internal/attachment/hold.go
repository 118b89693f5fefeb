// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"errors"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/record"
)

// Known reports whether there is a lease of either family.
func (k Kept) Known() bool { return k.V4.Lease.Addr.IsValid() || len(k.V6.Lease.Addrs) > 0 }

// Expiry is when the last of it ends.
func (k Kept) Expiry() clock.Instant { return max(k.V4.Lease.Expiry, record.Expiry6(k.V6.Lease)) }

func (k Kept) addrs() (all []netip.Addr) {
	if k.V4.Lease.Addr.IsValid() {
		all = append(all, k.V4.Lease.Addr.Addr())
	}
	for _, a := range k.V6.Lease.Addrs {
		all = append(all, a.Addr)
	}
	return all
}

// Kept is everything that the servers hold for the attachment as far as we know: leases
// in use, or from before and not refused.
func (a *Attachment) Kept(now clock.Instant) Kept {
	return Kept{V4: a.v4.Known(now), V6: a.v6.Known(now)}
}

// hold takes the addresses out of use and keeps the leases until then: a container that
// is the same client to the servers takes them back.
func (a *Attachment) hold(k Kept, until clock.Instant, end ending) {
	a.turn(kept)
	a.until = min(until, k.Expiry())
	a.v4.Hold(k.V4)
	if a.v6 != nil {
		a.v6.Hold(k.V6)
	}
	a.dropLink()
	a.unguard()
	a.answer(Result{Err: end.err})
	a.save(k.V4.Lease)
	a.lan.ExitGate(lan.Abandoned)
	a.lan.SetLive(false)
	a.host.Hold(k)
	a.Emit(event.Held{Addrs: k.addrs(), Reason: end.why})
}

// holdOver gives back a held lease when its time is over.
func (a *Attachment) holdOver() {
	now := a.Now()
	if now < a.until || !a.host.Claim() {
		return // taken: Forget is in the inbox
	}
	k := a.Kept(now)
	if k.V4.Lease.Addr.IsValid() {
		if err := a.v4.OpenRelease(); err != nil && a.failures < maxFailures {
			a.postpone(k, err)
			return
		}
	}
	a.End("no container came back for it", GiveBack)
}

// maxFailures is how often giving back is tried, for some 8 minutes in all: after a boot
// the host's own network may come later than leased does.
const maxFailures = 8

func (a *Attachment) postpone(k Kept, err error) {
	if a.failures == 0 {
		a.Emit(event.Unreleased{Addr: k.addrs(), Err: err})
	}
	a.failures++
	a.until = min(a.Now().Add(time.Second<<a.failures), k.Expiry())
	a.host.Hold(k)
}

// Dismiss ends a hold before its time, even one under a policy of never: other containers
// need the address.
func (a *Attachment) Dismiss() {
	if a.phase == Held && a.host.Claim() {
		a.End("too many leases are held", GiveBack)
	}
}

// Forget ends a hold whose lease is another attachment's now.
func (a *Attachment) Forget(why string) {
	if a.phase == Held {
		a.End(why, Discard)
	}
}

// Yield ends the attachment of an earlier container on another link, and returns the
// leases that the new container of the same client can ask for.
func (a *Attachment) Yield() Kept {
	if err := a.env.Kernel.Check(a.place); err == nil || errors.Is(err, kernel.ErrMAC) {
		for _, f := range a.families {
			f.Unbind("replaced")
		}
	}
	k := a.Kept(a.Now())
	a.End("replaced", Discard)
	return k
}
