// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// manyTaken is more than the routers of a LAN say that are no flood: ndp.MaxRouters with
	// ndp.MaxPrefixes each.
	manyTaken = 320
	// takenWindow is the time in which so much is too much.
	takenWindow = 24 * time.Hour
	// takenRest is how long nothing counts after a flood. The kernel takes no more by then.
	takenRest = 10 * time.Second
)

// takings are what a container's kernel has taken of router advertisements. The zero value is nothing.
type takings struct {
	until clock.Instant // of the window
	marks []uint32      // of different prefixes and routers; manyTaken: there was a flood
}

// isFlood counts what has this mark, and reports whether it is the one that is too many.
func (t *takings) isFlood(now clock.Instant, mark uint32) bool {
	if now >= t.until {
		t.until, t.marks = now.Add(takenWindow), nil
	}
	if len(t.marks) >= manyTaken || slices.Contains(t.marks, mark) {
		return false
	}
	if t.marks = append(t.marks, mark); len(t.marks) < manyTaken {
		return false
	}
	t.until = now.Add(takenRest)
	return true
}

// RouterTaken tells the Manager that a kernel has taken a prefix, a router or a route from an
// advertisement, on an interface of the network namespace with that number. The same has the same
// mark. Advertisements to one container alone reach no listener of its LAN. A container that makes
// such routes itself gets no more of leased's time than one message in takenRest.
func (m *Manager) RouterTaken(netns, ifindex int, mark uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.netns[netns] {
		if int(x.ifindex) != ifindex {
			continue
		}
		if x.taken == nil {
			x.taken = &takings{}
		}
		if x.taken.isFlood(m.now(), mark) {
			x.putLocked(x.flooded)
		}
	}
}
