// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"fmt"
	"testing"
)

var turnNames = map[turn]string{
	admitted: "admitted", bound: "bound", unbound: "unbound", kept: "kept", returned: "returned", dropped: "dropped",
}

// follows is the drawing at Phase as a table, with every turn in every phase.
var follows = map[Phase]map[turn]Phase{
	Queued:    {admitted: Acquiring, bound: Queued, unbound: Queued, kept: Held, returned: Returning, dropped: Over},
	Acquiring: {admitted: Acquiring, bound: Ready, unbound: Acquiring, kept: Held, returned: Returning, dropped: Over},
	Ready:     {admitted: Ready, bound: Ready, unbound: Acquiring, kept: Held, returned: Returning, dropped: Over},
	Held:      {admitted: Held, bound: Held, unbound: Held, kept: Held, returned: Returning, dropped: Over},
	Returning: {
		admitted: Returning, bound: Returning, unbound: Returning, kept: Returning, returned: Returning, dropped: Over,
	},
	Over: {admitted: Over, bound: Over, unbound: Over, kept: Over, returned: Over, dropped: Over},
}

func TestEveryTurnInEveryPhase(t *testing.T) {
	t.Parallel()
	for p := Queued; p <= Over; p++ {
		for on := admitted; on <= dropped; on++ {
			want, ok := follows[p][on]
			if got := p.after(on); !ok || got != want {
				t.Errorf("%v %s: %v, want %v", p, turnNames[on], got, want)
			}
		}
	}
	if len(follows) != int(Over) || len(turnNames) != int(dropped) {
		t.Errorf("the table has %d phases and %d turns", len(follows), len(turnNames))
	}
}

// A whole life, with turns that come too early or too late.
func TestTurnsOfAnAttachment(t *testing.T) {
	t.Parallel()
	a := Attachment{phase: Queued}
	for _, step := range []struct {
		on   turn
		want Phase
	}{
		{bound, Queued},
		{admitted, Acquiring},
		{bound, Ready},
		{unbound, Acquiring},
		{bound, Ready},
		{kept, Held},
		{bound, Held},
		{returned, Returning},
		{kept, Returning},
		{dropped, Over},
		{admitted, Over},
		{returned, Over},
	} {
		if a.turn(step.on); a.Phase() != step.want {
			t.Fatalf("%s: %v, want %v", turnNames[step.on], a.Phase(), step.want)
		}
	}
}

func TestEveryPhaseIsReachable(t *testing.T) {
	t.Parallel()
	reached, next := map[Phase]bool{Queued: true}, []Phase{Queued}
	for len(next) > 0 {
		p := next[0]
		next = next[1:]
		for on := admitted; on <= dropped; on++ {
			if q := p.after(on); !reached[q] {
				reached[q] = true
				next = append(next, q)
			}
		}
	}
	for p := Queued; p <= Over; p++ {
		if !reached[p] {
			t.Errorf("%v is never reached", p)
		}
	}
	if len(reached) != int(Over) {
		t.Errorf("%v", reached)
	}
}

// The container is taken to be there in the phases before HELD, and in no other.
func TestPhasesOfALivingContainer(t *testing.T) {
	t.Parallel()
	for p := Queued; p <= Over; p++ {
		a := Attachment{phase: p}
		if want := p == Queued || p == Acquiring || p == Ready; a.lives() != want {
			t.Errorf("%v lives: %v", p, a.lives())
		}
	}
}

func TestNamesOfPhases(t *testing.T) {
	t.Parallel()
	var names []string
	for p := Phase(0); p <= Over+1; p++ {
		names = append(names, p.String())
	}
	const want = "[invalid QUEUED ACQUIRING READY HELD RETURNING OVER invalid]"
	if got := fmt.Sprint(names); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
