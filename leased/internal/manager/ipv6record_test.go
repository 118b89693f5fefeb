// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
)

// A socket that fails is another one next time, on the address that there is then.
func TestNextMessageHasANewSocket(t *testing.T) {
	other := netip.MustParseAddr("fe80::9")
	for name, change := range map[string]func(s *net6, at *binding.State6){
		"send fails":             func(s *net6, _ *binding.State6) { s.sendError = syscall.ENETDOWN },
		"new link-local address": func(_ *net6, at *binding.State6) { at.LinkLocal = other },
	} {
		t.Run(name, func(t *testing.T) {
			in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
				w.kernel.six.server.grants6(600, 3600, leased6)
				w.acquire(req)
				w.pass(5 * time.Second)
				w.kernel.with(func(k *fakeKernel) { k.six.froms = nil; change(&k.six, k.of(req.Link.Netns)) })
				w.kernel.six.server.since()
				w.pass(597 * time.Second)
				w.wantHeard6()
				w.wantOpen(1)
				var want netip.Addr
				w.kernel.with(func(k *fakeKernel) { k.six.sendError, want = nil, k.of(req.Link.Netns).LinkLocal })
				w.pass(12 * time.Second)
				w.wantHeard6("RENEW by dhcp6")
				if froms := w.kernel.six.froms; len(froms) != 2 || froms[1] != want {
					t.Errorf("sockets on %v", froms)
				}
			})
		})
	}
}

// The old self's end is told when the new one is the same client.
func TestSuccessorKeepsItsLease(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		again := w.anew(req)
		w.kernel.remove(req.Link.Netns)
		w.acquire(again)
		w.kernel.six.server.since()
		w.release(req.Attachment)
		w.wantHeard6()
	})
}

// A lease that comes late is on disk, and so is a renewed one: leased may be killed.
func TestLateLeaseIsOnDisk(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.server.set(grant(24 * time.Hour)) // which writes nothing down meanwhile
		w.kernel.six.server.mute = true
		w.took(req)
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		w.pass(5 * time.Second)
		for range 2 {
			w.restart6()
			w.pass(2 * time.Second)
			w.wantHeard6("CONFIRM by dhcp6")
			w.pass(1799 * time.Second)
			w.wantHeard6("RENEW by dhcp6")
		}
	})
}

// The kernel deletes a duplicate: an address that goes before DAD is over is one,
// and one that goes later is not.
func TestAddressThatVanishes(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.kernel.six.server.since()
		vanish := func() { w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).Addrs = nil }) }
		vanish()
		w.pass(3 * time.Second)
		w.wantHeard6("DECLINE by dhcp6", "SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.want6(w.shown().Lease, leased6b)
		vanish()
		w.kernel.advertise(router6{managed: true, dns: rdnss})
		w.pass(3 * time.Second)
		w.wantHeard6() // the container has removed it: it is put back
		w.want6(w.shown().Lease, leased6b)
	})
}

// Making a router listener takes time: two starts make one, which serves the start that stays, and
// which is closed if nobody does.
func TestEarTakesItsTime(t *testing.T) {
	for stay, end := range map[int]func(w *world, one, two leaseapi.Attachment){
		2:  func(*world, leaseapi.Attachment, leaseapi.Attachment) {},
		1:  func(w *world, one, _ leaseapi.Attachment) { w.release(one) },
		0:  func(w *world, one, two leaseapi.Attachment) { w.release(one); w.release(two) },
		-1: func(w *world, _, _ leaseapi.Attachment) { w.stop() },
	} {
		t.Run(fmt.Sprint(stay), func(t *testing.T) {
			in6(t, router6{prefix: prefix6}, func(w *world, one leaseapi.AcquireRequest) {
				made, two := 0, w.container6(2, "auto")
				w.kernel.six.listenOpen = func() { made++; time.Sleep(5 * time.Second) }
				w.acquire(one)
				w.acquire(two)
				w.pass(3 * time.Second)
				end(w, one.Attachment, two.Attachment)
				w.pass(5 * time.Second)
				if w.wantOpen(int32(min(max(stay, 0), 1))); made != 1 {
					t.Errorf("%d router listeners were made", made)
				}
				w.kernel.advertise(router6{prefix: prefix6, other: true})
				w.pass(3 * time.Second)
				if n := len(w.kernel.six.server.since()); n != max(stay, 0) {
					t.Errorf("%d ask for other things", n)
				}
			})
		})
	}
}

// Routers that change their mind all the time are looked at, and pile nothing up.
func TestRestlessRouter(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.pass(5 * time.Second)
		changes := func(n int, each time.Duration) {
			for i := range n {
				w.kernel.advertise(router6{prefix: prefix6, deprecated: i%2 == 0})
				w.pass(each)
			}
		}
		for range 5 {
			w.kernel.since()
			if changes(4, 500*time.Millisecond); len(w.calls6("look6")) == 0 {
				t.Error("no look in 2 s")
			}
		}
		e, blocked := w.entry(), make(chan struct{})
		w.m.post(e.key, func(*actor) { <-blocked })
		changes(200, 50*time.Millisecond)
		w.m.mu.Lock()
		n := len(e.inbox)
		w.m.mu.Unlock()
		if close(blocked); n < 10 || n > maxInbox {
			t.Errorf("%d messages in the inbox", n)
		}
	})
}
