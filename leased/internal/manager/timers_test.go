// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"

	"podman-net-dhcp/leased/internal/clock"
)

// Random walks: the heap always knows who is next, and everybody where he is.
func TestTimersAreAHeap(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var ts timers
		all := make([]*actor, 20)
		for i := range all {
			all[i] = &actor{index: -1, due: clock.Never}
		}
		for range 500 {
			e := all[random.IntN(len(all))]
			before := ts.next()
			switch random.IntN(5) {
			case 0:
				ts.remove(e)
			case 1:
				if len(ts) > 0 && heap.Pop(&ts).(*actor).due != before {
					t.Fatalf("seed %d: not the next was popped", seed)
				}
			case 2:
				ts.set(e, clock.Never)
			default:
				if changed := ts.set(e, clock.Instant(random.IntN(50))); changed != (ts.next() != before) {
					t.Fatalf("seed %d: set says %v, next %v → %v", seed, changed, before, ts.next())
				}
			}
			checkHeap(t, ts, all)
		}
	}
}

func checkHeap(t *testing.T, ts timers, all []*actor) {
	t.Helper()
	next := clock.Never
	for _, e := range all {
		i := slices.Index(ts, e)
		if i != int(e.index) {
			t.Fatalf("entry is at %d and thinks %d", i, e.index)
		}
		if i >= 0 {
			next = min(next, e.due)
		}
	}
	if ts.next() != next {
		t.Fatalf("next is %v, want %v", ts.next(), next)
	}
}
