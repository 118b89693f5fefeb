// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/json"
	"errors"
	"time"

	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/record"
)

// restore adopts the leases on disk whose containers are still there: it sends no packet
// and touches no address. The first tick does what has become due meanwhile.
func (m *Manager) restore() error {
	r := restoration{m: m, clients: map[string]bool{}, known: map[string]bool{}}
	_, err := m.cfg.Store.Load(func(b []byte) error {
		var rec record.Record
		if err := json.Unmarshal(b, &rec); err != nil {
			return err
		}
		return r.adopt(&rec)
	})
	err = errors.Join(err, r.recall())
	// Only now that all are there: the lease of a container that is gone may be its
	// successor's.
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rec := range r.unmade {
		m.unmakeLocked(rec)
	}
	for _, x := range r.next {
		x.putLocked(x.resume)
	}
	return err
}

// restoration is a restore under way. Nothing else uses the Manager meanwhile.
type restoration struct {
	m       *Manager
	clients map[string]bool // those that have a record
	next    []*actor        // those that have something to do first
	unmade  []*record.Record
	known   map[string]bool // LANs by their names
}

// meet has a LAN's names be one before its first attachment joins.
func (r *restoration) meet(lan string) {
	if r.known[lan] {
		return
	}
	r.known[lan] = true
	r.m.env.LANs.Same(lan, r.m.cfg.Kernel.LANName(lan))
}

// adopt makes an attachment of a record.
func (r *restoration) adopt(rec *record.Record) error {
	key := rec.Request.Attachment.Key()
	if rec.BootID != r.m.cfg.BootID {
		return r.m.cfg.Store.Delete(key) // the container went with its host
	}
	if !rec.Held {
		u := placeOf(rec).Use(rec.Request.Port(), rec.Bound.Addr.Addr())
		u.Was = rec.Request.FormerPort()
		r.m.guarded = append(r.m.guarded, u)
	}
	if rec.Making {
		r.unmade = append(r.unmade, rec)
		return nil
	}
	if now := r.m.now(); now < rec.Lease.Start { // a clock that cannot be: ask the server
		rec.Lease.T1, rec.Lease.T2 = now, now
		if rec.IPv6 != nil {
			rec.IPv6.Lease.T1 = now
		}
	}
	r.meet(rec.Request.Link.Host)
	if x := r.install(key, rec, placeOf(rec)); !rec.Held {
		r.next = append(r.next, x)
	}
	return nil
}

// unmakeLocked has the actor of a record remove the link that a killed leased was making, before
// anything else. The record goes last: an actor that is killed in between is not the last one.
func (m *Manager) unmakeLocked(rec *record.Record) {
	key := rec.Request.Attachment.Key()
	x := m.actors[key]
	if x == nil {
		x = newActor(m, key)
		m.actors[key] = x
	}
	x.suspect = m.cfg.Working.Was(key)
	x.putLocked(func() {
		if err := m.cfg.Kernel.UnmakeLink(placeOf(rec), rec.Request.Spec()); err != nil {
			m.cfg.Log.Error("remove a link that was being made", "container", rec.Request.Attachment.ContainerName, "err", err)
			return // the next leased tries again
		}
		if err := m.cfg.Store.Delete(key); err != nil {
			m.cfg.Log.Error("delete the record of a link that was being made", "err", err)
		}
	})
}

// placeOf is where the record says that the container is.
func placeOf(r *record.Record) kernel.Place {
	return kernel.Place{
		Netns: r.Request.Link.Netns, Cookie: r.Cookie, Number: r.Number, Inode: r.Inode, Index: r.Request.Link.Index,
		MAC: r.Request.Link.MAC, Interface: r.Request.Attachment.Interface,
	}
}

// install puts an actor where its record says that the attachment was.
func (r *restoration) install(key string, rec *record.Record, at kernel.Place) *actor {
	m := r.m
	x := newActor(m, key)
	rec.Request.Attachment = rec.Request.Attachment.Within(key)
	x.at = attachment.Resume(&m.env, x, rec, at)
	if rec.Held {
		k := attachment.Kept{V4: ipv4.Kept{Lease: rec.Lease, ServerMAC: rec.ServerMAC}}
		if rec.IPv6 != nil {
			k.V6 = ipv6.Kept{Lease: rec.IPv6.Lease, Client: x.at.Kept(0).V6.Client}
		}
		m.holds.put(holdOf(x, k, rec.Until))
	}
	x.hang(&rec.Request)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.actors[key] = x
	x.numberLocked(at.Number)
	x.restLocked()
	x.suspect = m.cfg.Working.Was(key)
	return x
}

// resume goes on where the record was written.
func (x *actor) resume() {
	switch {
	case x.at == nil:
	case x.at.Phase() == attachment.Queued:
		x.at.Enqueue()
	default:
		x.at.Restarted()
	}
}

// bootGrace is the least time that containers get to come back after a reboot.
const bootGrace = 2 * time.Minute

// recall takes up the memos without a record: a memo of this boot as a record, a memo of
// another boot as a hold, since its container went with its host.
func (r *restoration) recall() error {
	if r.m.cfg.Memory == nil {
		return nil
	}
	var clients []string
	for _, x := range r.m.actors {
		client := x.at.Request().ClientKey()
		r.clients[client] = true
		clients = append(clients, client)
	}
	unwritten, err := r.m.cfg.Memory.Load(func(b []byte) error {
		var memo record.Memo
		if err := json.Unmarshal(b, &memo); err != nil {
			return err
		}
		return r.recallOne(&memo)
	}, clients...)
	r.rememberAll(unwritten)
	return err
}

func (r *restoration) recallOne(memo *record.Memo) error {
	client := memo.Request.ClientKey()
	was := r.clients[client]
	r.clients[client] = true
	switch {
	case was:
		return nil
	case memo.Former:
		return r.m.remind(memo, time.Now())
	case memo.BootID == r.m.cfg.BootID: // its instants need no wall clock
		return r.adopt(&memo.Record)
	case memo.Over(time.Now()):
		return r.m.remind(memo, time.Now())
	}
	r.reclaim(memo)
	return nil
}

// reclaim makes a hold of a lease of another boot.
func (r *restoration) reclaim(memo *record.Memo) {
	now := r.m.now()
	rec := memo.Revived(now, time.Now())
	policy := rec.Request.Policy.Release
	rec.Held, rec.Until = true, now.Add(max(policy.Grace, bootGrace))
	if policy.Never {
		k := attachment.Kept{V4: ipv4.Kept{Lease: rec.Lease}}
		if rec.IPv6 != nil {
			k.V6.Lease = rec.IPv6.Lease
		}
		rec.Until = max(rec.Until, k.Expiry()) // which may not be known
	}
	at := kernel.Place{MAC: rec.Request.Link.MAC, Interface: rec.Request.Attachment.Interface, Number: kernel.Unnumbered}
	r.install(rec.Request.Attachment.Key()+"\x00"+rec.Request.ClientKey(), &rec, at)
}

// rememberAll writes the memos that a killed leased has left unwritten.
func (r *restoration) rememberAll(clients []string) {
	if len(clients) == 0 {
		return
	}
	wanted := map[string]bool{}
	for _, c := range clients {
		wanted[c] = true
	}
	now := r.m.now()
	for _, x := range r.m.actors {
		if client := x.at.Request().ClientKey(); wanted[client] {
			x.at.Wake()
			if k := x.at.Kept(now); k.Known() {
				r.m.memory.Put(client, x.at.Memo(k, now))
			}
			x.at.Rest()
		}
	}
}
