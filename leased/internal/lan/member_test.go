// SPDX-License-Identifier: Apache-2.0

package lan

import "testing"

func wantSuccessor(t *testing.T, m *told, want bool) {
	t.Helper()
	if m.HasSuccessor() != want {
		t.Errorf("a successor: %v, want %v", !want, want)
	}
}

func TestSuccessor(t *testing.T) {
	inWorld(t, func(w *world) {
		old, other, far := w.member(1), w.member(2), w.join(numbered("br1", 1))
		for _, m := range []*told{old, other, far} {
			m.SetLive(true)
			m.SetLive(true)
		}
		wantSuccessor(t, old, false)
		next := w.member(1)
		wantSuccessor(t, next, true) // the old one lives still
		wantSuccessor(t, old, false)
		next.SetLive(true)
		wantSuccessor(t, old, true)
		old.SetLive(false)
		wantSuccessor(t, old, true)
		wantSuccessor(t, next, false)
		next.Leave()
		next.Leave()
		wantSuccessor(t, old, false)
		old.Leave()
		other.Leave()
		if c := old.lan.clients; c.living != 0 || len(c.byName) != 0 {
			t.Errorf("%+v is left", c)
		}
	})
}

func TestMaxHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.member(0)
		if n := first.MaxHeld(); n != minHeld {
			t.Errorf("%d may be held", n)
		}
		var all []*told
		for i := range 40 {
			all = append(all, w.member(i))
			all[i].SetLive(true)
		}
		for _, m := range all {
			m.Leave()
		}
		if n := w.member(50).MaxHeld(); n != 40 {
			t.Errorf("%d may be held after 40 lived at once", n)
		}
		if n := w.join(numbered("br1", 1)).MaxHeld(); n != minHeld {
			t.Errorf("%d may be held on another LAN", n)
		}
	})
}
