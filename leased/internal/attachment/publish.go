// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"errors"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Publish tells a change to everyone: the record, List, the requests that wait, and the
// container's resolv.conf.
func (a *Attachment) Publish() {
	a.turnToUse()
	shown, complete := a.Snapshot(), a.Complete()
	if complete {
		a.unowned = false
	}
	names := shown.names()
	news := complete || a.resolves == nil || !a.resolves.Equal(names)
	if complete {
		a.resolves = &names // the caller is told, and writes the resolv.conf
	} else {
		a.resolve(names)
	}
	a.save(a.v4.InUse())
	a.host.Show(shown)
	if complete {
		failpoint.At(failpoint.BeforeAnswer)
		a.answer(Result{Lease: shown.reply(a.Now()), MAC: a.req.Link.MAC})
		failpoint.At(failpoint.AfterAnswer)
	}
	if news {
		a.lookAtHost(shown, names)
	}
}

// Complete reports whether a request waits and there is all that it waits for.
func (a *Attachment) Complete() bool {
	return a.Starting() && a.families[0].Ready() && a.families[1].Ready()
}

// Alone reports whether there will be no IPv4.
func (a *Attachment) Alone() bool { return a.v4.Absent() }

// Settled follows each step that has not ended the attachment.
func (a *Attachment) Settled() {
	a.unremember()
	if a.lives() && a.Alone() && a.Complete() { // IPv6 was there before
		a.Publish()
	}
}

// Remember has the leases outlive a reboot, in the memory's time.
func (a *Attachment) Remember() {
	now := a.Now()
	keep := a.env.Memory.Put
	if a.remembers {
		keep = a.env.Memory.Refresh
	}
	a.remembers = true
	keep(a.req.ClientKey(), a.Memo(a.Kept(now), now))
}

// Renewed has IPv6 looked at, too, in the netns that is open just now.
func (a *Attachment) Renewed() {
	if a.v6 != nil {
		a.v6.LookSoon()
	}
}

// unremember forgets a lease that is over; but a new container may be the same client.
func (a *Attachment) unremember() {
	if a.remembers && !a.Kept(a.Now()).Known() {
		a.remembers = false
		if !a.lan.HasSuccessor() {
			a.env.Memory.Put(a.req.ClientKey(), nil)
		}
	}
}

// Memo is the memo of the leases in k.
func (a *Attachment) Memo(k Kept, now clock.Instant) record.Memo {
	m := record.Memo{Record: a.record(k.V4.Lease), Written: time.Now().Round(0), At: now}
	if k.V4.Lease.Expiry != clock.Never {
		m.Expires = m.Written.Add(k.V4.Lease.Expiry.Sub(now))
	}
	return m
}

// save writes the record; l has no Addr where there is no lease yet. Without a record the
// container has its address all the same; only a restart of leased loses it. As long as no
// caller has its answer, the record is the intention: a start may have IPv4 and wait for
// IPv6. The memo has the lease then.
func (a *Attachment) save(l lease4.Lease) {
	r := a.record(l)
	if a.unowned {
		r = record.Record{
			BootID: r.BootID, Request: r.Request, Cookie: r.Cookie, Number: r.Number, Inode: r.Inode, Making: true, Waiting: true,
		}
	}
	if err := a.env.Store.Save(a.host.Key(), r); err != nil {
		a.Emit(event.Broken{What: "write the lease's record", Err: err})
	}
}

// Expired records that IPv4's lease has ended, so that after a restart the container asks
// for a new one instead of the one that the server refused.
func (a *Attachment) Expired(l lease4.Lease) {
	a.turnToUse()
	now := a.Now()
	l.T1, l.T2, l.Expiry = now, now, now
	a.save(l)
}

func (a *Attachment) record(l lease4.Lease) record.Record {
	r := record.Record{
		BootID: a.env.BootID, Request: *a.req, Cookie: a.place.Cookie, Number: a.place.Number, Inode: a.place.Inode,
		Held: a.phase == Held, Resolves: a.resolves, File: a.file,
	}
	a.v4.Record(&r, l)
	a.v6.Record(&r)
	if r.Held {
		r.Until = a.until
	}
	return r
}

// Renamed reports whether the leases say something else of DNS than the container's
// resolv.conf.
func (a *Attachment) Renamed() bool {
	return a.resolves == nil || !a.resolves.Equal(a.Snapshot().names())
}

// Note keeps which resolv.conf the hook has written.
func (a *Attachment) Note(n request.Note) {
	if !a.lives() {
		return
	}
	a.file = &resolv.File{Path: n.Path, Device: n.Device, Inode: n.Inode}
	a.save(a.v4.InUse())
}

// resolve keeps the container's resolv.conf as the leases have it. The caller that asked
// for the lease writes the first one. If no servers are left the file stays: an old
// resolver is better than none.
func (a *Attachment) resolve(now resolv.Names) {
	if a.Starting() || a.resolves != nil && len(now.Servers) == 0 {
		return
	}
	if was := a.resolves; was != nil && a.req.Policy.ResolvConf && !was.Equal(now) && !a.rewrite(*was, now) {
		return // the next renewal tries again
	}
	a.resolves = &now
}

// rewrite reports whether the file is settled: rewritten, or not leased's any more.
func (a *Attachment) rewrite(was, now resolv.Names) bool {
	var changed bool
	var err error
	job := resolv.Job{ContainerID: a.req.Attachment.ContainerID, File: a.file, Old: was, Now: now}
	a.host.Rewrite(func() { changed, err = a.env.Kernel.Resolve(job) })
	switch {
	case errors.Is(err, resolv.ErrForeign):
		a.Emit(event.ResolvForeign{Err: err})
	case errors.Is(err, resolv.ErrEdited):
		a.Emit(event.ResolvEdited{})
	case err != nil:
		a.Emit(event.Failed{What: "rewrite resolv.conf", Err: err})
		return false
	case changed:
		a.Emit(event.ResolvRewritten{DNS: now.Servers, Search: now.Search})
	}
	return true
}
