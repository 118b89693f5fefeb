// SPDX-License-Identifier: Apache-2.0

// Package cycles has planted cycles of calls for the test of the house's call
// graph. Nothing runs it.
package cycles

import (
	"maps"
	"slices"
	"sync"
)

// Reported: direct calls, with one of them deferred.

func ping(n int) {
	if n > 0 {
		defer pong(n - 1)
	}
}

func pong(n int) { ping(n) }

func down(n int) {
	if n > 0 {
		down(n - 1)
	}
}

// Reported: through an interface.

type listener interface{ heard() }

type caller struct{ l listener }

func (c *caller) call() { c.l.heard() }

type owner struct{ c *caller }

func (o *owner) heard() { o.c.call() }

func newCaller() *caller {
	c := &caller{}
	c.l = &owner{c}
	return c
}

// Reported: through a callback in a field, here a bound method.

type timer struct{ then func() }

func (t *timer) fire() { t.then() }

type clock struct{ t timer }

func (c *clock) start() { c.t.then = c.tick }

func (c *clock) tick() { c.t.fire() }

// Reported: through a library, which calls the literal at once.

func every(all []int) bool { return slices.ContainsFunc(all, func(n int) bool { return each(n) }) }

func each(n int) bool { return every(make([]int, n)) }

func keys(m map[int]bool) {
	for k := range maps.Keys(m) {
		key(k)
	}
}

func key(n int) { keys(map[int]bool{n: true}) }

// Reported: an instance of a generic function.

func twice[T any](v T) { once(v) }

func once[T any](v T) { twice(v) }

func useTwice() { twice(1) }

// Not reported: the way back is a goroutine's.

func spawn() { go back() }

func back() { spawn() }

func spawnLiteral() {
	go func() { backToLiteral() }()
}

func backToLiteral() { spawnLiteral() }

type group struct{ work sync.WaitGroup }

func (g *group) start() { g.work.Go(g.run) }

func (g *group) run() { g.start() }

// Not reported: the way back is a message, which the owner of the inbox takes
// after the call has returned.

type actor struct{ inbox []func(*actor) }

func (a *actor) post(do func(*actor)) {
	a.inbox = append(a.inbox, do)
	go a.empty()
}

func (a *actor) empty() {
	for _, do := range a.inbox {
		do(a)
	}
}

func (a *actor) ask() { a.post(func(a *actor) { a.answer() }) }

func (a *actor) answer() { a.ask() }

// Not reported: a decorator passes the call on to another value.

type conn interface{ send() }

type socket struct{}

func (socket) send() {}

type counted struct {
	conn
	sent int
}

func (c *counted) send() { c.sent++; c.conn.send() }

func count(c conn) conn { return &counted{conn: c} }

func countTwice() conn { return count(count(socket{})) }
