// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"container/heap"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// timers is a heap of the attachments that wait for an instant, the next one first.
type timers []*actor

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due < t[j].due }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = int32(i), int32(j)
}

// Push is heap.Interface's.
func (t *timers) Push(pushed any) {
	x := pushed.(*actor)
	x.index = int32(len(*t))
	*t = append(*t, x)
}

// Pop is heap.Interface's.
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	x.index = -1
	return x
}

// set sets when x is due; it returns whether the next in the heap is another one
// now, or due at another time.
func (t *timers) set(x *actor, due clock.Instant) bool {
	before := t.next()
	switch x.due = due; {
	case due == clock.Never:
		t.remove(x)
	case x.index < 0:
		heap.Push(t, x)
	default:
		heap.Fix(t, int(x.index))
	}
	return t.next() != before
}

func (t *timers) remove(x *actor) {
	if x.index >= 0 {
		heap.Remove(t, int(x.index))
	}
}

func (t timers) next() clock.Instant {
	if len(t) == 0 {
		return clock.Never
	}
	return t[0].due
}

// fire wakes all attachments that are due.
func (m *Manager) fire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fireLocked()
}

func (m *Manager) fireLocked() {
	now := clock.Instant(m.cfg.Clock.Now())
	var suspects []*actor
	for m.state != closed && m.timers.next() <= now {
		x := heap.Pop(&m.timers).(*actor)
		if x.suspect {
			suspects = append(suspects, x)
			continue
		}
		x.putLocked(x.tick)
	}
	for _, x := range suspects {
		x.putLocked(x.tick)
	}
	m.armLocked()
}

func (m *Manager) armLocked() {
	next := m.timers.next()
	if next == clock.Never {
		return // an old tick finds nothing due
	}
	if err := m.cfg.Clock.Wake(time.Duration(next)); err != nil {
		m.cfg.Log.Error("set the timer", "err", err)
	}
}
