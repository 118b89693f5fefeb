// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// pool is a server with so many addresses, each leased for twelve hours and free again
// after its RELEASE. Clients may speak at once.
func pool(size int) answer {
	var mu sync.Mutex
	given := map[string]netip.Addr{} // by MAC
	var free []netip.Addr
	for a := nine; len(free) < size; a = a.Next() {
		free = append(free, a)
	}
	return func(m message) []dt.Server {
		mu.Lock()
		defer mu.Unlock()
		client := m.ClientHWAddr.String()
		a, known := given[client]
		switch {
		case m.kind == dhcp4.Release && known:
			delete(given, client)
			free = append(free, a)
			return nil
		case !known && len(free) == 0:
			return nil
		case !known:
			a, free = free[0], free[1:]
			given[client] = a
		}
		return give(m, a, 12*time.Hour)
	}
}

// stranger is a container that no other one is the same client as.
func (w *world) stranger(i int) leaseapi.AcquireRequest {
	req := w.under("never", i+2)
	req.Attachment.ContainerID = fmt.Sprintf("id-%d", i)
	return req
}

// Containers with ever new identities and a policy of never do not drain the pool: a LAN
// holds as many leases as containers ran at once, and at least eight.
func TestNeverIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(pool(30))
		for i := range 100 {
			req := w.stranger(i)
			w.acquire(req)
			w.goes(req)
			w.pass(100 * time.Millisecond) // RELEASEs have a pace
			if n := len(listed(w.m)); n > 8 {
				t.Fatalf("%d are held", n)
			}
		}
		w.m.memory.Flush()
		if n := w.memory.len(); n > 8 {
			t.Errorf("%d are remembered", n)
		}
	})
}

// Leases under a policy of never go back when a new container finds the pool empty.
func TestEmptyPoolGetsBackWhatIsNeverReleased(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(pool(30))
		var all []leaseapi.AcquireRequest
		for i := range 30 {
			all = append(all, w.stranger(i))
			w.acquire(all[i])
		}
		for _, req := range all {
			w.goes(req)
		}
		w.rest()
		if n := len(listed(w.m)); n != 30 {
			t.Fatalf("%d are held", n)
		}
		w.pass(20 * time.Second)
		begin := time.Now()
		w.acquire(w.stranger(30))
		if d := time.Since(begin); d > 4*time.Second {
			t.Errorf("the start took %s", d)
		}
	})
}
