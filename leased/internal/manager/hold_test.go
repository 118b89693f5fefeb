// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// under is a request of container i with a policy of release.
func (w *world) under(release string, i int) leaseapi.AcquireRequest {
	req := w.container(i)
	req.Policy.Release = release
	return req
}

// goes has a container end as Podman ends it: Release, and then its netns is gone.
func (w *world) goes(req leaseapi.AcquireRequest) {
	w.t.Helper()
	w.release(req.Attachment)
	w.kernel.remove(req.Link.Netns)
	w.server.since()
	w.kernel.since()
}

// anew is the same container made anew: same name and MAC, another id and netns.
func (w *world) anew(req leaseapi.AcquireRequest) leaseapi.AcquireRequest {
	w.t.Helper()
	place, _ := w.kernel.Find(request.Link{Netns: req.Link.Netns}, req.Attachment.Interface)
	req.Attachment.ContainerID += "x"
	req.Link.Netns += "x"
	place.Netns, place.Cookie, place.Index = req.Link.Netns, place.Cookie+5000, req.Link.Index
	place.MAC = mustMAC(req.Link.MAC)
	w.kernel.add(place)
	return req
}

func TestHeldForTheGraceThenReleased(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.server.since()
		w.kernel.since()
		w.release(req.Attachment)
		w.wantCalls("remove 192.0.2.9/24") // out of use at once
		w.wantHeard()
		w.wantState("HELD")
		w.kernel.remove(req.Link.Netns)
		w.pass(19 * time.Second)
		w.wantHeard()
		w.pass(2 * time.Second)
		w.wantCalls("packet", "stand-in 02:00:00:00:00:09 on br0")
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}

// Within the grace a container made anew under its name has its lease back in one
// round trip, and nothing is released.
func TestRestartWithinTheGraceByInitReboot(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		for range 3 {
			w.goes(req)
			w.pass(15 * time.Second)
			req = w.anew(req)
			l, _ := w.acquire(req)
			if l.Address.String() != "192.0.2.9/24" {
				t.Errorf("bound %v", l.Address)
			}
			w.wantHeard("REQUEST packet")
			w.wantState("BOUND")
		}
		w.pass(25 * time.Minute)
		w.wantHeard()
		w.wantState("BOUND")
		if n := w.store.len(); n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

// The same with podman restart, which keeps the id.
func TestRestartOfTheSameContainerWithinTheGrace(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		again := w.anew(req)
		again.Attachment = req.Attachment
		w.acquire(again)
		w.wantHeard("REQUEST packet")
		w.pass(time.Minute)
		w.wantHeard()
		w.wantState("BOUND")
	})
}

// Who is killed and started again at once finds its lease, too.
func TestKilledAndMadeAnewWithinTheGrace(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.kernel.remove(req.Link.Netns)
		w.m.NetnsEnded(nil, true)
		w.rest()
		w.wantState("HELD")
		w.server.since()
		w.acquire(w.anew(req))
		w.wantHeard("REQUEST packet")
	})
}

// Another client in the same place gets nothing of it, and the old lease is given
// back before.
func TestAnotherClientTakesNothingOver(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		other := w.under("20s", 10)
		other.Attachment = req.Attachment
		w.acquire(other)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 "+routerMAC.String(), "DISCOVER packet", "REQUEST packet")
		w.wantState("BOUND")
	})
}

func TestHeldUnderAPolicyOfNeverRunsOut(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("never", 9)
		w.acquire(req)
		w.goes(req)
		w.wantState("HELD")
		w.pass(59 * time.Minute)
		w.acquire(w.anew(req))
		w.wantHeard("REQUEST packet")
		w.goes(w.anewAgain(req))
		w.pass(2 * time.Hour)
		w.wantHeard()
		w.wantNothingLeft()
	})
}

// anewAgain is what anew has made.
func (w *world) anewAgain(req leaseapi.AcquireRequest) leaseapi.AcquireRequest {
	req.Attachment.ContainerID += "x"
	req.Link.Netns += "x"
	return req
}

// What only runs out does not keep leased from going idle.
func TestNeverKeepsNobodyUp(t *testing.T) {
	inWorld(t, func(w *world) {
		var n atomic.Int32
		w.stop()
		w.changed = func(now int) { n.Store(int32(now)) }
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		req, short := w.under("never", 9), w.under("20s", 10)
		w.acquire(req)
		w.acquire(short)
		w.goes(req)
		w.goes(short)
		if n := n.Load(); n != 1 {
			t.Errorf("%d keep leased up, want the one that is to be given back", n)
		}
		w.pass(time.Minute)
		if n := n.Load(); n != 0 {
			t.Errorf("%d keep leased up", n)
		}
	})
}

// A lease that ends within the grace is over, and there is nothing to give back.
func TestHeldLeaseExpires(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(10 * time.Second))
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.pass(11 * time.Second)
		w.wantHeard()
		w.wantNothingLeft()
	})
}

// A pending RELEASE survives leased.
func TestHoldSurvivesARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.pass(5 * time.Second)
		if err := w.restart(func() { time.Sleep(5 * time.Second) }); err != nil {
			t.Error(err)
		}
		w.wantState("HELD")
		w.pass(9 * time.Second)
		w.wantHeard()
		w.pass(2 * time.Second)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}

// So does the lease that a container comes back for.
func TestTakenBackAfterARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		_ = w.restart(func() { time.Sleep(30 * time.Second) }) // leased was away for all of the grace
		w.acquire(w.anew(req))
		w.pass(time.Minute)
		if n := w.server.count("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String()); n != 0 && w.server.count("DISCOVER packet") != 2 {
			t.Errorf("released, and yet asked for by INIT-REBOOT")
		}
		w.wantState("BOUND")
	})
}

// Containers that come and go under ever new names: what is held is bounded, and
// the oldest goes first.
func TestHoldsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 50 {
			req := w.under("20s", i+2)
			w.acquire(req)
			w.goes(req)
			w.pass(10 * time.Millisecond) // RELEASEs have a pace
			if n := w.m.Len(); n > 9 {
				t.Fatalf("%d attachments after %d containers", n, i+1)
			}
		}
		if l := listed(w.m); len(l) != 8 {
			t.Errorf("%d are held", len(l))
		}
		w.pass(time.Minute)
		w.wantNothingLeft()
	})
}

// All containers of a host that are restarted at once find their leases.
func TestManyRestartedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		var all []leaseapi.AcquireRequest
		for i := range 40 {
			all = append(all, w.under("20s", i+2))
			w.acquire(all[i])
		}
		for _, req := range all {
			w.goes(req)
		}
		for _, req := range all {
			w.acquire(w.anew(req))
			w.wantHeard("REQUEST packet")
		}
	})
}

// A server that has nothing for a newcomer gets back what is only held.
func TestEmptyPoolGetsBackWhatIsHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		old := w.under("20s", 9)
		w.acquire(old)
		w.goes(old)
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.under("20s", 10))
		w.pass(1500 * time.Millisecond)
		w.wantHeard("DISCOVER packet", "DISCOVER packet", "RELEASE frame 192.0.2.9 to 192.0.2.1 "+routerMAC.String())
		w.server.set(grant(time.Hour))
		w.pass(2 * time.Second)
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}
	})
}

// A server that was not heard for long is rather away than out of addresses.
func TestSilentServerTakesNothingHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		old := w.under("10m", 9)
		w.acquire(old)
		w.goes(old)
		w.pass(time.Minute)
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.under("20s", 10))
		w.pass(20 * time.Second)
		<-got
		if n := w.server.count("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String()); n != 0 {
			t.Error("given back")
		}
	})
}

// What cannot be given back now is tried again: the host's network may be down.
func TestHeldGivenBackLater(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.kernel.with(func(k *fakeKernel) { k.standIn = errors.New("no such bridge") })
		w.pass(40 * time.Second)
		w.wantHeard()
		w.wantState("HELD")
		w.kernel.with(func(k *fakeKernel) { k.standIn = nil })
		w.pass(time.Minute)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}

func TestHeldThatCannotBeGivenBackEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(0)) // for ever
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.kernel.with(func(k *fakeKernel) { k.standIn = errors.New("no such bridge") })
		w.pass(time.Hour)
		w.wantNothingLeft()
	})
}

// The caller who goes in the middle of taking a lease back has not lost it.
func TestCallerGoesWhileALeaseIsTakenBack(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.server.set(silent)
		ctx, cancel := context.WithCancel(context.Background())
		got := w.inBackground(ctx, w.anew(req))
		w.pass(time.Second)
		cancel()
		<-got
		w.rest()
		w.wantState("HELD")
		w.pass(time.Minute)
		if n := w.server.count("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String()); n != 1 {
			t.Errorf("%d RELEASEs", n)
		}
		w.wantNothingLeft()
	})
}

// Release of what is held changes nothing, and neither does its netns' end.
func TestReleaseOfWhatIsHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.release(req.Attachment)
		if err := w.m.ReleaseContainer(context.Background(), req.Attachment.ContainerID, ""); err != nil {
			t.Error(err)
		}
		w.m.NetnsEnded(nil, true)
		w.rest()
		w.wantHeard()
		w.wantState("HELD")
	})
}

// RFC 2131 §3.2: the container may continue to use its address when the servers are
// silent; whoever answers in the end decides.
func TestMayContinueWhenServersAreSilent(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.anew(req))
		w.pass(3 * time.Second)
		select {
		case r := <-got:
			t.Fatalf("Acquire after 3 s: %+v", r)
		default:
		}
		w.pass(2 * time.Second)
		if r := <-got; r.err != nil || r.lease.Address.String() != "192.0.2.9/24" {
			t.Fatalf("Acquire: %+v", r)
		}
		w.wantState("REBINDING")
		w.server.set(grant(time.Hour))
		w.pass(64 * time.Second)
		w.wantState("BOUND")
	})
}

// A server that is slow and not away, as one that pings before it offers, gets most
// of the time there is before its word is done without.
func TestMayNotContinueWhileAServerIsHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.server.set(func(m message) []dt.Server {
			if m.ClientHWAddr[5] == 9 {
				return nil
			}
			return grant(time.Hour)(m)
		})
		got := w.inBackground(context.Background(), w.anew(req))
		w.pass(2 * time.Second)
		w.acquire(w.container(10)) // is answered
		w.pass(5 * time.Second)
		select {
		case r := <-got:
			t.Fatalf("Acquire after 7 s: %+v", r)
		default:
		}
		w.pass(2500 * time.Millisecond)
		if r := <-got; r.err != nil || r.lease.Address.String() != "192.0.2.9/24" {
			t.Fatalf("Acquire: %+v", r)
		}
	})
}

func TestMayNotContinueWithoutAMemory(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		if _, _, err := w.m.Acquire(context.Background(), w.under("20s", 9)); err == nil {
			t.Error("bound without any server")
		}
	})
}

// Of a thousand that stop and start at random, each lease has one owner in the end.
func TestHoldsUnderConcurrency(t *testing.T) {
	inWorld(t, func(w *world) {
		done := make(chan error)
		for i := range 30 {
			go func() {
				req := w.under("2s", i+2)
				for n := range 20 {
					if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
						done <- fmt.Errorf("container %d, start %d: %w", i, n, err)
						return
					}
					time.Sleep(time.Duration(i*n%7) * time.Second)
					_ = w.m.Release(context.Background(), req.Attachment)
					time.Sleep(time.Duration(i*n%5) * time.Second)
				}
				done <- nil
			}()
		}
		for range 30 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		w.pass(time.Minute)
		w.wantNothingLeft()
		w.m.mu.Lock()
		defer w.m.mu.Unlock()
		if h := w.m.holds; len(h.byClient)+len(h.byLAN)+h.never+len(w.m.netns) != 0 {
			t.Errorf("%+v, %v", h, w.m.netns)
		}
	})
}

// The second container on a silent LAN does not wait as long as the first.
func TestNextMayContinueSooner(t *testing.T) {
	inWorld(t, func(w *world) {
		var all []leaseapi.AcquireRequest
		for i := range 3 {
			all = append(all, w.under("10m", i+2))
			w.acquire(all[i])
			w.goes(all[i])
		}
		w.pass(time.Minute) // else what is held may be what the pool lacks
		w.server.set(silent)
		for i, want := range []time.Duration{4 * time.Second, 500 * time.Millisecond, 500 * time.Millisecond} {
			begin := time.Now()
			w.acquire(w.anew(all[i]))
			if got := time.Since(begin); got != want {
				t.Errorf("container %d waits %s, want %s", i, got, want)
			}
		}
	})
}

// Without a check nobody asks whether an address was found in use.
func TestUncheckedTakesWhatWasFoundInUse(t *testing.T) {
	inWorld(t, func(w *world) {
		w.owned(nine)
		w.server.set(nextAfterDecline(nine))
		w.acquire(w.checked("quick", 9))
		w.server.set(nextAfterDecline(nine))
		if l, _ := w.acquire(w.checked("off", 12)); l.Address.Addr() != nine {
			t.Errorf("bound %v", l.Address)
		}
	})
}

// Nor is a lease lost that is to be given back at once.
func TestReleaseNowAsSoonAsItCan(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("now", 9)
		w.acquire(req)
		w.kernel.with(func(k *fakeKernel) { k.standIn = errors.New("the MAC is in use") })
		w.kernel.remove(req.Link.Netns)
		w.m.NetnsEnded(nil, true)
		w.rest()
		w.server.since()
		w.kernel.with(func(k *fakeKernel) { k.standIn = nil })
		w.pass(1500 * time.Millisecond)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}

// The same container takes its lease back and is gone at once: its lease is held again.
func TestTakenBackAndGone(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.goes(req)
		w.wantState("HELD")
		w.container(9)
		w.kernel.failing(func(call string) error {
			if call == "packet" {
				return kernel.ErrGone
			}
			return nil
		})
		if _, _, err := w.m.Acquire(context.Background(), req); err == nil {
			t.Error("no error")
		}
		w.rest()
		w.wantState("HELD")
		w.server.since()
		w.pass(21 * time.Second)
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantNothingLeft()
	})
}
