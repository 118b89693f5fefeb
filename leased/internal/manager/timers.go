// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"container/heap"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// timers is a heap of the attachments that wait for something, the next first.
type timers []*entry

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due < t[j].due }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push is heap.Interface's.
func (t *timers) Push(x any) {
	e := x.(*entry)
	e.index = len(*t)
	*t = append(*t, e)
}

// Pop is heap.Interface's.
func (t *timers) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	e.index = -1
	return e
}

// set sets when e is due; it returns whether the next in the heap is another one
// now, or due at another time.
func (t *timers) set(e *entry, due clock.Instant) bool {
	before := t.next()
	switch e.due = due; {
	case due == clock.Never:
		t.remove(e)
	case e.index < 0:
		heap.Push(t, e)
	default:
		heap.Fix(t, e.index)
	}
	return t.next() != before
}

func (t *timers) remove(e *entry) {
	if e.index >= 0 {
		heap.Remove(t, e.index)
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
	now := clock.Instant(m.cfg.Clock.Now())
	for !m.closed && m.timers.next() <= now {
		e := heap.Pop(&m.timers).(*entry)
		e.put((*entry).tick)
	}
	m.armLocked()
}

func (m *Manager) arm() {
	m.mu.Lock()
	defer m.mu.Unlock()
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
