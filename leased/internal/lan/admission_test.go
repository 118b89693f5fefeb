// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"testing"
)

// crowd has n members enter the gate, the first 32 of which are inside.
func crowd(w *world, n int) (all []*told) {
	for i := range n {
		m := w.member(i)
		if in := m.EnterGate(); in != (i < firstLimit) {
			w.t.Errorf("member %d is inside: %v", i, in)
		}
		all = append(all, m)
	}
	return all
}

func wantAdmitted(t *testing.T, m *told, n int32) {
	t.Helper()
	if got := m.admitted.Load(); got != n {
		t.Errorf("admitted %d times, want %d", got, n)
	}
}

func TestEnterIsRepeatable(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+1)
		if !all[0].EnterGate() || all[firstLimit].EnterGate() {
			t.Error("a second call changes something")
		}
		all[0].ExitGate(Abandoned)
		all[0].ExitGate(Abandoned)
		wantAdmitted(t, all[firstLimit], 1)
		wantAdmitted(t, all[0], 0)
		if !all[firstLimit].EnterGate() {
			t.Error("admitted, and not inside")
		}
		if g := all[0].lan.gate; g.inside != firstLimit || len(g.queue) != 0 {
			t.Errorf("%d are inside, %d queued", g.inside, len(g.queue))
		}
	})
}

func TestAnswersAdmitTwo(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+3)
		all[0].ExitGate(Answered)
		wantAdmitted(t, all[firstLimit], 1)
		wantAdmitted(t, all[firstLimit+1], 1)
		wantAdmitted(t, all[firstLimit+2], 0)
	})
}

// A member that leaves the queue is passed over, and its place is not lost.
func TestLeavingTheQueue(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+3)
		all[firstLimit].ExitGate(Abandoned)
		all[firstLimit+1].Leave()
		all[0].ExitGate(Abandoned)
		wantAdmitted(t, all[firstLimit], 0)
		wantAdmitted(t, all[firstLimit+1], 0)
		wantAdmitted(t, all[firstLimit+2], 1)
		if g := all[0].lan.gate; g.limit != firstLimit || g.inside != firstLimit {
			t.Errorf("limit %d, inside %d", g.limit, g.inside)
		}
	})
}

// A member that comes back to the queue is admitted once.
func TestQueuedTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+1)
		again := all[firstLimit]
		again.ExitGate(Abandoned)
		again.EnterGate()
		all[0].ExitGate(Abandoned)
		all[1].ExitGate(Abandoned)
		wantAdmitted(t, again, 1)
		if g := again.lan.gate; g.inside != firstLimit-1 || len(g.queue) != 0 {
			t.Errorf("%d are inside, %d queued", g.inside, len(g.queue))
		}
	})
}

func TestLeaveLeavesTheGate(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+1)
		all[0].Leave()
		all[0].Leave()
		wantAdmitted(t, all[firstLimit], 1)
		for _, m := range all {
			m.Leave()
		}
		if g := all[0].lan.gate; g.inside != 0 || g.limit != firstLimit {
			t.Errorf("limit %d, inside %d", g.limit, g.inside)
		}
	})
}

func TestGatesOfTwoLANs(t *testing.T) {
	inWorld(t, func(w *world) {
		all := crowd(w, firstLimit+1)
		other := w.join(numbered("br1", 1))
		if !all[0].Crowded() || other.Crowded() || !other.EnterGate() {
			t.Error("one LAN's crowd is at the other's gate")
		}
	})
}
