// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// known is a container with IPv6 whose netns has a number, and the index of its link.
func (w *world) known(n, number int) (ifindex int) {
	req := w.container6(n, "auto")
	at := w.kernel.links[req.Link.Netns]
	at.Number = number
	w.kernel.add(at)
	w.acquire(req)
	w.rest()
	return at.Index
}

// takes tells of n different prefixes that a kernel takes.
func (w *world) takes(netns, ifindex, n int) {
	for i := range n {
		w.m.RouterTaken(netns, ifindex, uint32(i))
	}
	w.rest()
}

// Somebody sends router advertisements to one container alone, which the LAN's listener does not
// hear. Its kernel is told to take no more of them; each time for longer, since what it has taken
// may stay for ever. A leased that is started again goes on with that.
func TestFloodToOneContainer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		index := w.known(1, 7)
		w.acquire(w.container6(2, "auto"))
		w.kernel.since()
		for range 3 { // the same ones
			w.takes(7, index, manyTaken-1)
		}
		w.takes(7, index+1, 2*manyTaken) // another interface, the container's own
		w.takes(9, index, 2*manyTaken)   // nobody's
		w.want("the kernel was told", w.calls6("heed"), nil)
		w.pass(takenWindow)
		w.takes(7, index, manyTaken-1)
		w.want("within two windows", w.calls6("heed"), nil)
		for i, rest := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute} {
			w.pass(takenRest)
			w.takes(7, index, 2*manyTaken)
			if n := w.log.count("flood of router advertisements to this container"); n != i+1 {
				t.Errorf("logged %d times", n)
			}
			w.want("the kernel was told", w.calls6("heed"), []string{"heed false"})
			w.pass(rest - 2*time.Second)
			w.want("meanwhile", w.calls6("heed"), nil)
			w.pass(5 * time.Second)
			w.want("later", w.calls6("heed"), []string{"heed true"})
		}
		w.pass(takenRest)
		w.takes(7, index, manyTaken)
		w.pass(40 * time.Minute)
		w.restart6()
		w.pass(39 * time.Minute)
		w.want("after a restart", w.calls6("heed"), nil)
		w.pass(2 * time.Minute)
		w.want("in the end", w.calls6("heed"), []string{"heed true"})
	})
}

// locked is what the Manager's mutex guards.
func locked[T any](w *world, get func() T) T {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return get()
}

// A container that has CAP_NET_ADMIN makes ever new routes like those of routers. That wakes it up
// rarely, and nobody else.
func TestContainerMakesRoutesAllTheTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		index := w.known(1, 7)
		works, marks := func() bool { return w.m.netns[7][0].running }, func() int { return len(w.m.netns[7][0].taken.marks) }
		turns := 0
		for i := range uint32(200_000) { // in 20 s
			if w.m.RouterTaken(7, index, i); locked(w, works) {
				turns++
				w.rest()
			}
			if i%1000 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if turns < 1 || turns > 3 {
			t.Errorf("%d turns in 20 s", turns)
		}
		if n := w.log.count("flood of router advertisements to this container"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		if n := locked(w, marks); n > manyTaken {
			t.Errorf("%d marks", n)
		}
	})
}

// A window begins with what is taken first.
func TestTakingsAreBounded(t *testing.T) {
	t.Parallel()
	var c takings
	floods := 0
	for i := range uint32(3 * manyTaken) {
		if c.isFlood(clock.Instant(1), i) {
			floods++
		}
	}
	if floods != 1 || len(c.marks) != manyTaken {
		t.Errorf("%d floods, %d marks", floods, len(c.marks))
	}
	if c.isFlood(c.until, 1) || len(c.marks) != 1 {
		t.Errorf("%d marks in the next window", len(c.marks))
	}
}
