// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const start = clock.Instant(100 * time.Second)

// fill has n come to the gate, and returns those who had to wait.
func fill(g *gate[int], n int) (waiting []int) {
	for i := range n {
		if !g.enter(i) {
			waiting = append(waiting, i)
		}
	}
	return waiting
}

func TestGateLetsInThirtyTwoInOrder(t *testing.T) {
	t.Parallel()
	g := newGate[int]()
	if waiting := fill(&g, 100); len(waiting) != 68 || waiting[0] != 32 {
		t.Fatalf("waiting are %v", waiting)
	}
	next := 32
	for range 68 {
		for _, one := range g.leave(start, Abandoned) {
			if one != next {
				t.Fatalf("%d begins before %d", one, next)
			}
			next++
		}
	}
	if next != 100 || len(g.queue) != 0 {
		t.Errorf("%d have begun, %d wait", next, len(g.queue))
	}
}

func TestGateOpensWithAnswersUpToSixtyFour(t *testing.T) {
	t.Parallel()
	g := newGate[int]()
	fill(&g, 1000)
	for range 200 {
		g.leave(start, Answered)
	}
	if g.limit != maxLimit || g.inside != maxLimit {
		t.Errorf("limit %d, inside %d", g.limit, g.inside)
	}
}

func TestGateHalvesWhenTheServerIsSlow(t *testing.T) {
	t.Parallel()
	g := newGate[int]()
	fill(&g, 1000)
	for _, c := range []struct {
		after time.Duration
		limit int
	}{{0, 16}, {10 * time.Millisecond, 16}, {1010 * time.Millisecond, 8}, {5 * time.Second, minLimit}} {
		g.leave(start.Add(c.after), TimedOut)
		if g.limit != c.limit {
			t.Errorf("after %s the limit is %d, want %d", c.after, g.limit, c.limit)
		}
	}
	// An exchange that timed out holds up nobody for good.
	for i := 0; len(g.queue) > 0; i++ {
		if i > 1000 {
			t.Fatal("the queue does not move")
		}
		g.leave(start.Add(6*time.Second), TimedOut)
	}
}

func TestGateIsCrowdedByNine(t *testing.T) {
	t.Parallel()
	g := newGate[int]()
	for i := range 9 {
		if g.crowded() {
			t.Errorf("%d are a crowd", i)
		}
		g.enter(i)
	}
	if !g.crowded() {
		t.Error("nine are not a crowd")
	}
}

func TestGateNobodyOvertakes(t *testing.T) {
	t.Parallel()
	g := newGate[int]()
	fill(&g, 33)
	g.limit = 64 // grown since
	if g.enter(33) {
		t.Error("the newcomer has overtaken one that waits")
	}
	if next := g.leave(start, Abandoned); !slices.Equal(next, []int{32, 33}) {
		t.Errorf("%v begin", next)
	}
}
