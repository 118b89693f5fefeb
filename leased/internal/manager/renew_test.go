// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// 50 containers with leases of an hour: each renews every half hour.
func TestADayOfRenewals(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 50 {
			w.acquire(w.container(i + 2))
			w.pass(7 * time.Second)
		}
		w.pass(24 * time.Hour)
		if n := w.server.count("REQUEST unicast"); n < 50*47 || n > 50*49 {
			t.Errorf("%d renewals, want about %d", n, 50*48)
		}
		if n := w.server.count("DISCOVER packet"); n != 50 {
			t.Errorf("%d DISCOVERs, want 50", n)
		}
		for _, s := range listed(w.m) {
			if s.State != "BOUND" || *s.Lease.Expire < 1800 {
				t.Errorf("%+v", s)
			}
		}
		for _, err := range w.server.raw {
			if err != nil {
				t.Error(err)
			}
		}
		if n := w.kernel.open.Load(); n != 0 {
			t.Errorf("%d sockets of leases at rest", n)
		}
		if n := w.kernel.held(); n != 0 {
			t.Errorf("%d network namespaces of leases at rest are held open", n)
		}
	})
}

// A server that is away must not pin the containers that wait for it: between two
// messages nothing is open.
func TestOutagePinsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(4000 * time.Second))
		w.acquire(w.container(9))
		w.server.set(silent)
		w.pass(2000*time.Second + time.Second)
		if n := w.kernel.held(); n != 1 {
			t.Errorf("%d network namespaces are held open just after a REQUEST, want 1", n)
		}
		w.pass(patience)
		if sockets, n := w.kernel.open.Load(), w.kernel.held(); sockets != 0 || n != 0 {
			t.Errorf("%d sockets, %d network namespaces between two REQUESTs", sockets, n)
		}
	})
}

// Nor is a container pinned that waits at the gate.
func TestGatePinsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		for i := range 40 {
			w.inBackground(context.Background(), w.container(i+2))
		}
		w.rest()
		if n := w.kernel.held(); n != 32 {
			t.Errorf("%d of 40 are held open, want the 32 that ask", n)
		}
		w.pass(time.Minute)
	})
}

// A lease of 1000 s: T1 at 500 s, T2 at 875 s.
func TestServerFallsSilentAndComesBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(1000 * time.Second))
		w.acquire(w.container(9))
		w.wantHeard("DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.9/24")
		w.server.set(silent)

		w.pass(499 * time.Second)
		w.wantState("BOUND")
		w.wantHeard()
		w.pass(2 * time.Second)
		w.wantState("RENEWING")
		w.wantHeard("REQUEST unicast")
		w.pass(375 * time.Second)
		w.wantState("REBINDING")
		if n := w.server.count("REQUEST packet"); n != 2 {
			t.Errorf("%d REQUESTs were broadcast, want one of SELECTING and one of REBINDING", n)
		}
		w.kernel.since()
		w.pass(125 * time.Second)
		w.wantState("SELECTING")
		if calls := w.kernel.since(); calls[len(calls)-1] != "remove 192.0.2.9/24" && calls[0] != "remove 192.0.2.9/24" {
			t.Errorf("the expired address stays: %q", calls)
		}
		if l := listed(w.m)[0].Lease; l != nil {
			t.Errorf("the expired lease is shown: %+v", l)
		}
		before := w.server.count("DISCOVER packet")
		w.pass(24 * time.Hour)
		if n := w.server.count("DISCOVER packet") - before; n < 1300 || n > 1500 {
			t.Errorf("%d DISCOVERs in a day, want one each 64 s", n)
		}
		w.server.set(grant(1000 * time.Second))
		w.kernel.since()
		w.pass(70 * time.Second)
		w.wantState("BOUND")
		if got, want := fmt.Sprint(w.store.len()), "1"; got != want {
			t.Errorf("%s records, want %s", got, want)
		}
	})
}

// Make before break is binding's: it gets both in one call.
func TestServerGivesAnotherAddressAtRenewal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.since()
		w.server.set(func(m message) []dt.Server { return give(m, netip.MustParseAddr("192.0.2.77"), time.Hour) })
		w.pass(31 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.77/24 for 192.0.2.9/24")
		w.wantState("BOUND")
		w.pass(30 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.77 to 192.0.2.1", "apply 192.0.2.77/24 for 192.0.2.77/24")
	})
}

// The address is not ours any more at once; the next one comes by DISCOVER.
func TestServerRefusesTheRenewal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.since()
		w.server.since()
		naks := 0
		w.server.set(func(m message) []dt.Server {
			if m.via == "unicast" && naks == 0 {
				naks++
				return refuse(m)
			}
			return give(m, netip.MustParseAddr("192.0.2.77"), time.Hour)
		})
		w.pass(31 * time.Minute)
		w.wantHeard("REQUEST unicast", "DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "packet", "remove 192.0.2.9/24", "apply 192.0.2.77/24")
		w.wantState("BOUND")
	})
}

func TestInfiniteLeaseIsNeverRenewed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(0))
		if l, _ := w.acquire(w.container(9)); l.Renew != nil || l.Rebind != nil || l.Expire != nil {
			t.Errorf("times of an infinite lease: %+v", l)
		}
		w.server.since()
		w.pass(10 * 365 * 24 * time.Hour)
		w.wantHeard()
		w.wantState("BOUND")
	})
}

// What was slept through is done at once on waking up.
func TestHostSleepsThroughTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.since()
		w.server.since()
		w.clock.suspend(2 * time.Hour)
		w.m.fire() // as the timer on CLOCK_BOOTTIME does
		w.rest()
		w.wantCalls("packet", "remove 192.0.2.9/24", "apply 192.0.2.9/24")
		w.wantHeard("DISCOVER packet", "REQUEST packet")
	})
}
