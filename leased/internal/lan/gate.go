// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// Limits of the gate. dnsmasq's socket buffer overflows from about 100 clients at
// once on. Half of the clients are lost then, and come back when their timers say so.
const (
	firstLimit = 32
	minLimit   = 8
	maxLimit   = 64
)

// gate lets a limited number of attachments begin their exchange with the servers, in the
// order in which they came. It takes the place of RFC 2131 §4.4.1's random delay of
// 1–10 s. The limit goes up by one with each answered exchange. It is halved after an
// exchange without an answer, at most once a second (AIMD). The gate is pure.
type gate[T any] struct {
	limit, inside int
	queue         []T
	halved        clock.Instant // when the limit was halved last
}

func newGate[T any]() gate[T] { return gate[T]{limit: firstLimit} }

// enter reports whether one may begin now. If not, it is queued, and leave returns it
// when its turn comes.
func (g *gate[T]) enter(one T) bool {
	if g.inside >= g.limit || len(g.queue) > 0 {
		g.queue = append(g.queue, one)
		return false
	}
	g.inside++
	return true
}

// crowded reports whether more ask at once than a server answers in no time.
func (g *gate[T]) crowded() bool { return g.inside > minLimit }

// Outcome says how an exchange ended for the gate.
type Outcome uint8

// The outcomes.
const (
	Answered  Outcome = iota + 1
	TimedOut          // the exchange goes on, but does not hold up others any longer
	Abandoned         // says nothing about the servers
)

// leave takes one out and returns those who may begin now.
func (g *gate[T]) leave(now clock.Instant, how Outcome) []T {
	switch {
	case how == Answered && g.limit < maxLimit:
		g.limit++
	case how == TimedOut && now >= g.halved.Add(time.Second):
		g.limit, g.halved = max(g.limit/2, minLimit), now
	}
	g.inside--
	n := min(max(g.limit-g.inside, 0), len(g.queue))
	next := slices.Clone(g.queue[:n])
	clear(g.queue[:n]) // the array behind the queue would keep them
	g.queue = g.queue[n:]
	g.inside += n
	return next
}
