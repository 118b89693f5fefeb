// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

const start = 100 * time.Second

func at(d time.Duration) time.Duration { return start + d }

// fill has n come to the gate, and returns who had to wait.
func fill(g *Gate[int], n int) (waiting []int) {
	for i := range n {
		if !g.Enter(i) {
			waiting = append(waiting, i)
		}
	}
	return waiting
}

func TestGateLetsInThirtyTwoInOrder(t *testing.T) {
	t.Parallel()
	s := New[int]()
	g := &s.Gate
	if waiting := fill(g, 100); len(waiting) != 68 || waiting[0] != 32 {
		t.Fatalf("waiting are %v", waiting)
	}
	next := 32
	for range 68 {
		for _, who := range g.Leave(start, Abandoned) {
			if who != next {
				t.Fatalf("%d begins before %d", who, next)
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
	g := &New[int]().Gate
	fill(g, 1000)
	for range 200 {
		g.Leave(start, Answered)
	}
	if g.limit != maxLimit || g.inside != maxLimit {
		t.Errorf("limit %d, inside %d", g.limit, g.inside)
	}
}

func TestGateHalvesWhenTheServerIsSlow(t *testing.T) {
	t.Parallel()
	g := &New[int]().Gate
	fill(g, 1000)
	for _, c := range []struct {
		after time.Duration
		limit int
	}{{0, 16}, {10 * time.Millisecond, 16}, {1010 * time.Millisecond, 8}, {5 * time.Second, minLimit}} {
		g.Leave(at(c.after), TimedOut)
		if g.limit != c.limit {
			t.Errorf("after %s the limit is %d, want %d", c.after, g.limit, c.limit)
		}
	}
	// Who timed out holds up nobody for good.
	for i := 0; len(g.queue) > 0; i++ {
		if i > 1000 {
			t.Fatal("the queue does not move")
		}
		g.Leave(at(6*time.Second), TimedOut)
	}
}

func TestGateIsCrowdedByNine(t *testing.T) {
	t.Parallel()
	s := New[int]()
	for i := range 9 {
		if s.Gate.Crowded() {
			t.Errorf("%d are a crowd", i)
		}
		s.Gate.Enter(i)
	}
	if !s.Gate.Crowded() {
		t.Error("nine are no crowd")
	}
}

func TestGateNobodyOvertakes(t *testing.T) {
	t.Parallel()
	g := &New[int]().Gate
	fill(g, 33)
	g.limit = 64 // grown since
	if g.Enter(33) {
		t.Error("the newcomer has overtaken who waits")
	}
	if next := g.Leave(start, Abandoned); !slices.Equal(next, []int{32, 33}) {
		t.Errorf("%v begin", next)
	}
}

func TestRefusedFor300Seconds(t *testing.T) {
	t.Parallel()
	r, addr := Refusals{}, netip.MustParseAddr("192.0.2.9")
	if r.Has(start, addr) || !r.Add(start, addr) {
		t.Error("the first is not declined")
	}
	if !r.Has(at(299*time.Second), addr) || r.Has(at(300*time.Second), addr) {
		t.Error("not refused for 300 s")
	}
}

func TestDeclinesAreLimited(t *testing.T) {
	t.Parallel()
	r, addr := Refusals{}, netip.MustParseAddr("192.0.2.0")
	declined := 0
	for i := range 10_000 {
		addr = addr.Next()
		if r.Add(at(time.Duration(i)*time.Millisecond), addr) {
			declined++
		}
	}
	if declined != maxDeclines || len(r) > maxRefused {
		t.Errorf("%d declined, %d remembered", declined, len(r))
	}
	if !r.Add(at(time.Hour), addr) || len(r) != 1 {
		t.Error("not forgotten after an hour")
	}
}

func TestMaxHeld(t *testing.T) {
	t.Parallel()
	s := New[int]()
	if s.MaxHeld() != minHeld {
		t.Errorf("%d", s.MaxHeld())
	}
	for range 40 {
		s.Count(1)
	}
	for range 40 {
		s.Count(-1)
	}
	if s.MaxHeld() != 40 || s.Live != 0 {
		t.Errorf("%d may be held after 40 lived at once", s.MaxHeld())
	}
}
