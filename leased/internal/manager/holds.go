// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/clock"
)

// hold is a lease whose container is gone. A container that is the same client to the
// servers takes it back by INIT-REBOOT. Else it is given back after the grace of its
// policy, or expires under a policy of never. A LAN that holds too many, or whose pool is
// empty, gets back either kind.
type hold struct {
	x      *actor
	client string // see request.ClientKey
	host   string // the LAN
	kept   attachment.Kept
	since  clock.Instant
	never  bool
}

// holds is the table of all holds. Its mutex may be taken under the Manager's, and no
// mutex is taken under it.
type holds struct {
	mu       sync.Mutex
	byClient map[string]*hold
	byLAN    map[string]map[*hold]struct{}
	never    int // those that only expire, if nobody needs their addresses
}

func newHolds() *holds {
	return &holds{byClient: map[string]*hold{}, byLAN: map[string]map[*hold]struct{}{}}
}

// put notes a hold.
func (s *holds) put(h *hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(s.byClient[h.client])
	s.putLocked(h)
}

func (s *holds) putLocked(h *hold) {
	s.byClient[h.client] = h
	if h.never {
		s.never++
	}
	if s.byLAN[h.host] == nil {
		s.byLAN[h.host] = map[*hold]struct{}{}
	}
	s.byLAN[h.host][h] = struct{}{}
}

// enter is put for a new hold. It returns the hold of the same client before it, or nil,
// and the holds that are too many: a LAN may have max of them, and the oldest go first.
func (s *holds) enter(h *hold, max int) (before *hold, surplus []*hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.byClient[h.client]
	s.removeLocked(before)
	s.putLocked(h)
	if mine := s.byLAN[h.host]; len(mine) > max {
		surplus = oldest(slices.Collect(maps.Keys(mine)), len(mine)-max)
	}
	return before, surplus
}

func oldest(all []*hold, n int) []*hold {
	slices.SortFunc(all, func(a, b *hold) int { return cmp.Compare(a.since, b.since) })
	return all[:n]
}

func (s *holds) removeLocked(h *hold) {
	if h == nil {
		return
	}
	delete(s.byClient, h.client)
	if h.never {
		s.never--
	}
	if delete(s.byLAN[h.host], h); len(s.byLAN[h.host]) == 0 {
		delete(s.byLAN, h.host)
	}
}

// take removes the hold of a client and returns it; nil: there is none.
func (s *holds) take(client string) *hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.byClient[client]
	s.removeLocked(h)
	return h
}

// claim is take for the hold of x, and reports whether it was there.
func (s *holds) claim(client string, x *actor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.byClient[client]
	if h == nil || h.x != x {
		return false
	}
	s.removeLocked(h)
	return true
}

// on are the holds of a LAN.
func (s *holds) on(host string) []*hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.byLAN[host]))
}

// parked is the number of holds that nobody has to give back.
func (s *holds) parked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.never
}

// Hold enters the lease of x into the table.
func (x *actor) Hold(k attachment.Kept) {
	before, surplus := x.m.holds.enter(holdOf(x, k, x.m.now()), x.at.LAN().MaxHeld())
	if before != nil && before.x != x {
		before.x.Post(true, func() { before.x.forget("held under another id") })
	}
	dismiss(surplus)
}

func holdOf(x *actor, k attachment.Kept, since clock.Instant) *hold {
	r := x.at.Request()
	return &hold{x: x, client: r.ClientKey(), host: r.Link.Host, kept: k, since: since, never: r.Policy.Release.Never}
}

func dismiss(all []*hold) {
	for _, h := range all {
		h.x.Post(true, h.x.dismiss)
	}
}

// Claim takes the lease of x out of the table, and reports whether it was there.
func (x *actor) Claim() bool { return x.m.holds.claim(x.at.Request().ClientKey(), x) }

// Relieve ends the holds on the LAN of x.
func (x *actor) Relieve() { dismiss(x.m.holds.on(x.at.Request().Link.Host)) }

// take hands over the leases that are held for a client to x. Another actor that held them
// forgets them.
func (m *Manager) take(client string, x *actor) attachment.Kept {
	h := m.holds.take(client)
	if h == nil {
		return attachment.Kept{}
	}
	if h.x != x {
		h.x.Post(true, func() { h.x.forget("taken back") })
	}
	return h.kept
}
