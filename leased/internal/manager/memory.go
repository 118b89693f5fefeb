// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// memo is what outlives a reboot: who was granted what. A container that comes
// back asks for it by INIT-REBOOT; what nobody comes back for is given back.
type memo struct {
	record // its instants are its boot's
	// By the wall clock, which alone goes on over a reboot. Expires is IPv4's, and zero
	// for an infinite lease.
	Written time.Time `json:"written"`
	Expires time.Time `json:"expires,omitzero"`
	// At is Written by its boot's clock, from which what is left in IPv6 counts.
	At clock.Instant `json:"at"`
}

func (j *job) memo(bootID string, k kept, now clock.Instant) memo {
	m := memo{record: j.record(bootID, k.lease), Written: time.Now().Round(0), At: now}
	if k.lease.Expiry != clock.Never {
		m.Expires = m.Written.Add(k.lease.Expiry.Sub(now))
	}
	return m
}

// over says that nothing of it is left.
func (r memo) over(wall time.Time) bool {
	over := !r.Lease.Addr.IsValid() || !r.Expires.IsZero() && !wall.Before(r.Expires)
	if r.Six != nil {
		over = over && expiry6(r.Six.Lease) <= r.At.Add(max(wall.Sub(r.Written), 0))
	}
	return over
}

// revive is the lease by this boot's clock. Where the wall clock has gone back,
// how much of it is left cannot be known: then it counts as expired, and a server
// can be asked for it still.
func (r memo) revive(now clock.Instant, wall time.Time) lease4.Lease {
	l := r.Lease
	l.Start, l.T1, l.T2 = now, now, now
	switch left := r.Expires.Sub(wall); {
	case r.Expires.IsZero():
		l.Expiry = clock.Never
	case wall.Before(r.Written) || left < 0:
		l.Expiry = now
	default:
		l.Expiry = now.Add(left)
	}
	return l
}

// bootGrace is what containers are given at least to come back after a reboot.
const bootGrace = 2 * time.Minute

// recall takes up what is remembered and has no record: of this boot as if it were
// one, of another as a hold, since its container went with its host.
func (m *Manager) recall(next map[*entry]func(*entry)) error {
	if m.cfg.Memory == nil {
		return nil
	}
	here := map[string]bool{}
	for _, e := range m.entries {
		here[clientOf(e.job.req)] = true
	}
	unwritten, err := m.cfg.Memory.Load(func(b []byte) error {
		var r memo
		if err := json.Unmarshal(b, &r); err != nil {
			return err
		}
		r.Waiting = !r.Lease.Addr.IsValid() // else a lease is what it is about
		if err := r.check(); err != nil {
			return err
		}
		client := clientOf(r.Request)
		was := here[client]
		here[client] = true
		switch {
		case was:
			return nil
		case r.BootID == m.cfg.BootID: // whose instants need no wall clock
			return m.adopt(r.record, next)
		case r.over(time.Now()):
			return m.cfg.Memory.Delete(client)
		}
		return m.reclaim(r)
	}, slices.Collect(maps.Keys(here))...)
	m.rememberAll(unwritten)
	return err
}

// rememberAll writes the memos that a leased which was killed has left unwritten.
func (m *Manager) rememberAll(clients []string) {
	if len(clients) == 0 {
		return
	}
	of := map[string]bool{}
	for _, c := range clients {
		of[c] = true
	}
	now := clock.Instant(m.cfg.Clock.Now())
	for _, e := range m.entries {
		if k := e.job.kept(now); k.known() && of[clientOf(e.job.req)] {
			r := e.job.memo(m.cfg.BootID, k, now)
			m.memory.put(clientOf(e.job.req), &r)
		}
	}
}

// reclaim makes a hold of a lease of another boot.
func (m *Manager) reclaim(r memo) error {
	mac, err := net.ParseMAC(r.Request.Link.MAC)
	if err != nil {
		return err
	}
	grace, never, err := options.Grace(r.Request.Policy.Release)
	if err != nil {
		return err
	}
	now := clock.Instant(m.cfg.Clock.Now())
	wall := time.Now()
	if r.Lease.Addr.IsValid() {
		r.Lease = r.revive(now, wall)
	}
	r.Six.revive(r.At, now, wall.Sub(r.Written))
	r.Held, r.Until = true, now.Add(max(grace, bootGrace))
	if never {
		r.Until = max(r.Until, kept{lease: r.Lease, six: r.Six.lease()}.expiry()) // which may not be known
	}
	place := kernel.Place{MAC: mac, Interface: r.Request.Attachment.Interface}
	m.install(keyOf(r.Request.Attachment)+"\x00"+clientOf(r.Request), r.record, place, (*entry).rest)
	return nil
}

// memos writes them in the background: their disk may be slow, and nobody waits
// for them. What changes twice before it is written is written once.
type memos struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}

	mu      sync.Mutex
	dirty   map[string]*memo // nil: forget it
	failing bool
}

func newMemos(s Store, log *slog.Logger) *memos {
	return &memos{store: s, log: log, wake: make(chan struct{}, 1), dirty: map[string]*memo{}}
}

// put takes a memo; nil forgets what there is.
func (w *memos) put(client string, r *memo) {
	if w.store == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dirty[client] = r
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *memos) run(ctx context.Context) {
	for {
		select {
		case <-w.wake:
			w.flush()
		case <-ctx.Done():
			return
		}
	}
}

func (w *memos) flush() {
	w.mu.Lock()
	todo := w.dirty
	w.dirty = map[string]*memo{}
	w.mu.Unlock()
	for client, r := range todo {
		var err error
		if r == nil {
			err = w.store.Delete(client)
		} else {
			err = w.store.Save(client, r)
		}
		w.tell(err)
	}
}

// tell logs when writing begins to fail and when it works again. Leases go on; a
// reboot forgets what could not be written.
func (w *memos) tell(err error) {
	switch {
	case err != nil && !w.failing:
		w.log.Error("write what is to outlive a reboot", "err", err)
	case err == nil && w.failing:
		w.log.Info("what is to outlive a reboot can be written again")
	}
	w.failing = err != nil
}
