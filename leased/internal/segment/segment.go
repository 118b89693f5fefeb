// SPDX-License-Identifier: Apache-2.0

// Package segment keeps what the attachments of one LAN segment have to agree on:
// how many of them may ask the servers at once, and which addresses were found in
// use by somebody else. It is pure: nothing is locked, and the time is told, as
// what has passed since the host booted.
package segment

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/ndp"
)

// Segment is one LAN segment, known by the host interface that leads there. T is
// who waits at the gate.
type Segment[T any] struct {
	Gate    Gate[T]
	InUse   Refusals
	Live    int           // attachments that have a container
	Peak    int           // most of them at a time
	HeardAt time.Duration // when a server was heard last; 0: never

	// ResortedAt is when an attachment did without a server's word last; 0: never.
	ResortedAt time.Duration
	// Routers is what the LAN's routers advertise. Until RouterlessUntil nobody waits
	// for one: none has answered, and none was heard since.
	Routers         ndp.Routers
	RouterlessUntil time.Duration
	// ReleaseAt is from when on the next DHCPRELEASE may go out.
	ReleaseAt time.Duration
}

// New returns a segment on which nothing has happened yet.
func New[T any]() *Segment[T] {
	return &Segment[T]{Gate: Gate[T]{limit: firstLimit}, InUse: Refusals{}}
}

// Count is told of an attachment that comes (1) or goes (-1).
func (s *Segment[T]) Count(by int) {
	s.Live += by
	s.Peak = max(s.Peak, s.Live)
}

// minHeld is how many leases may be held in any case.
const minHeld = 8

// MaxHeld is how many leases of containers that are gone may be held at a time: as
// many as there ever were at once, so that all of a host's containers can be
// restarted; no more, so that containers that come and go under ever new names do
// not drain the pool.
func (s *Segment[T]) MaxHeld() int { return max(minHeld, s.Peak) }

// Limits of the gate. dnsmasq's socket buffer overflows from about 100 clients at
// once on; half of them are lost then, and come back when their timers say so.
const (
	firstLimit = 32
	minLimit   = 8
	maxLimit   = 64
)

// Gate lets attachments begin their exchange with the servers, so many at a time
// and in the order in which they came. It takes the place of RFC 2131 §4.4.1's
// random delay of 1–10 s. The limit goes up by one with each that was answered
// and is halved when one was not (AIMD), at most once a second.
type Gate[T any] struct {
	limit, inside int
	queue         []T
	halved        time.Duration
}

// Enter says whether who may begin now; else Leave will name it.
func (g *Gate[T]) Enter(who T) bool {
	if g.inside >= g.limit || len(g.queue) > 0 {
		g.queue = append(g.queue, who)
		return false
	}
	g.inside++
	return true
}

// Crowded says that more ask at once than a server answers in no time.
func (g *Gate[T]) Crowded() bool { return g.inside > minLimit }

// Outcome is how an exchange went that leaves the gate.
type Outcome uint8

// The outcomes.
const (
	Answered  Outcome = iota + 1
	TimedOut          // goes on, but holds up nobody any more
	Abandoned         // says nothing about the servers
)

// Leave takes one out and returns who may begin now.
func (g *Gate[T]) Leave(now time.Duration, how Outcome) []T {
	switch {
	case how == Answered && g.limit < maxLimit:
		g.limit++
	case how == TimedOut && now >= g.halved+time.Second:
		g.limit, g.halved = max(g.limit/2, minLimit), now
	}
	g.inside--
	n := min(max(g.limit-g.inside, 0), len(g.queue))
	next := g.queue[:n:n]
	g.queue = g.queue[n:]
	g.inside += n
	return next
}

const (
	// refusedFor is how long an address is not taken again that was found in use.
	refusedFor = 300 * time.Second
	// maxDeclines bounds the addresses that are declined in that time: one machine
	// that answers every ARP probe must not take a pool away from everybody.
	maxDeclines = 10
	// maxRefused bounds the memory.
	maxRefused = 256
)

// Refusals are the addresses that were found in use, and until when they are not taken.
type Refusals map[netip.Addr]time.Duration

// Add notes an address, and says whether it may be declined.
func (r Refusals) Add(now time.Duration, addr netip.Addr) (decline bool) {
	for a, until := range r {
		if now >= until {
			delete(r, a)
		}
	}
	decline = len(r) < maxDeclines
	if len(r) < maxRefused {
		r[addr] = now + refusedFor
	}
	return decline
}

// Has says whether an address was found in use lately.
func (r Refusals) Has(now time.Duration, addr netip.Addr) bool {
	until, ok := r[addr]
	return ok && now < until
}
