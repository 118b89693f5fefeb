// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"testing"
	"time"
)

// hangUp cancels an Acquire that waits for the server, whose answer is a.
func (w *world) hangUp(a answer) {
	w.t.Helper()
	w.server.set(a)
	ctx, cancel := context.WithCancel(context.Background())
	got := w.inBackground(ctx, w.container(9))
	cancel()
	if r := <-got; !errors.Is(r.err, context.Canceled) {
		w.t.Errorf("Acquire: %+v, %v", r.lease, r.err)
	}
	w.rest()
}

func TestCallerHangsUpBeforeTheOffer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hangUp(silent)
		w.wantHeard("DISCOVER packet")
		w.wantCalls("packet", "delete eth0")
		w.wantNothingLeft()
	})
}

func TestCallerHangsUpBetweenOfferAndAck(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hangUp(offersOnly)
		w.wantHeard("DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "delete eth0")
		w.wantNothingLeft()
	})
}

// The answer was ready, and nobody took it.
func TestCallerHangsUpAfterTheAck(t *testing.T) {
	inWorld(t, func(w *world) {
		_, undo := w.acquire(w.container(9))
		w.server.since()
		w.kernel.since()
		undo()
		w.rest()
		w.wantHeard("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String())
		w.wantCalls("packet", "remove 192.0.2.9/24", "delete eth0")
		w.wantNothingLeft()
		undo()
		w.wantCalls()
	})
}

// What the second caller of a lease there is takes back is its call, not the lease.
func TestSecondCallerHangsUpAfterTheAck(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		_, undo := w.acquire(req)
		w.kernel.since()
		undo()
		w.rest()
		w.wantState("BOUND")
		w.wantCalls()
	})
}

func TestOneOfTwoCallersHangsUp(t *testing.T) {
	for name, firstGoes := range map[string]bool{"the first": true, "the second": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.server.set(silent)
				req := w.container(9)
				goes, cancel := context.WithCancel(context.Background())
				first, second := goes, context.Background()
				if !firstGoes {
					first, second = second, first
				}
				a, b := w.inBackground(first, req), w.inBackground(second, req)
				cancel()
				w.rest()
				w.server.set(grant(time.Hour))
				stays := a
				if firstGoes {
					stays = b
				}
				if r := <-stays; r.err != nil || r.lease == nil {
					t.Errorf("who stayed got %+v, %v", r.lease, r.err)
				}
				w.rest()
				w.wantState("BOUND")
				w.wantCalls("packet", "apply 192.0.2.9/24")
			})
		})
	}
}

// Then what the two of them did is the second one's to take back.
func TestTwoCallersHangUpOneAfterTheOther(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		first, cancel := context.WithCancel(context.Background())
		w.inBackground(first, req)
		undo := make(chan func(), 1)
		go func() { _, u, _ := w.m.Acquire(context.Background(), req); undo <- u }()
		w.rest()
		cancel()
		w.rest()
		w.server.set(grant(time.Hour))
		(<-undo)()
		w.wantNothingLeft()
		if calls := w.kernel.since(); calls[len(calls)-1] != "delete eth0" {
			t.Errorf("%q", calls)
		}
	})
}

// A container that runs without a lease, as it was told to, keeps its link.
func TestSecondCallerHangsUpWhileThereIsNoLeaseYet(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		w.server.set(silent)
		if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
			t.Fatal(l, err)
		}
		w.kernel.since()
		w.hangUp(silent)
		w.wantState("SELECTING")
		for _, call := range w.kernel.since() {
			if call == "delete eth0" {
				t.Error("the running container's link was deleted")
			}
		}
	})
}

// The time is over for the first caller and not yet for the second, which then
// goes: nobody is left who wants the lease.
func TestFirstCallerIsLateAndSecondHangsUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		first := w.inBackground(context.Background(), req)
		w.pass(5 * time.Second)
		ctx, cancel := context.WithCancel(context.Background())
		w.inBackground(ctx, req)
		r := <-first
		w.noLease(r.lease, r.err)
		w.wantState("SELECTING")
		cancel()
		w.wantNothingLeft()
	})
}

// The link goes when the container ended meanwhile, and that is no error.
func TestCallerHangsUpAndTheContainerIsGone(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		_, undo := w.acquire(req)
		w.kernel.remove(req.Link.Netns)
		undo()
		w.wantNothingLeft()
		if w.log.has("level=ERROR") {
			t.Error(w.log.text.String())
		}
	})
}
