// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
	"time"

	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

// The container goes without a goodbye in each state. Its lease is dropped at the
// next look, and no socket keeps its netns until then for more than seconds.
func TestContainerGoesWithoutAGoodbye(t *testing.T) {
	for state, reach := range map[string]func(w *world, req string){
		"BOUND":     func(*world, string) {},
		"RENEWING":  func(w *world, _ string) { w.server.set(silent); w.pass(31 * time.Minute) },
		"REBINDING": func(w *world, _ string) { w.server.set(silent); w.pass(53 * time.Minute) },
		"SELECTING": func(w *world, _ string) { w.server.set(silent); w.pass(61 * time.Minute) },
		"REQUESTING": func(w *world, _ string) {
			w.server.set(silent)
			w.pass(61 * time.Minute)
			w.server.set(offersOnly)
			w.pass(65 * time.Second)
		},
	} {
		t.Run(state, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.container(9)
				w.acquire(req)
				reach(w, req.Link.Netns)
				w.wantState(state)
				w.kernel.remove(req.Link.Netns)
				w.server.set(silent)
				w.pass(45 * time.Second) // 25 s of messages that are close to one another, and 10 s more
				if n := w.kernel.open.Load(); n != 0 {
					t.Errorf("%d sockets keep the netns", n)
				}
				w.pass(time.Hour)
				w.wantNothingLeft()
				w.server.since()
				w.kernel.since()
				w.pass(24 * time.Hour)
				w.wantHeard()
				w.wantCalls()
			})
		})
	}
}

// Every call into the kernel may be the one that finds out.
func TestEachCallFindsTheContainerGone(t *testing.T) {
	for _, call := range []string{"packet", "unicast", "apply", "remove"} {
		t.Run(call, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.container(9)
				req.Policy.OnTimeout = "continue"
				w.kernel.failing(failOn(call, kernel.ErrGone))
				got := w.inBackground(context.Background(), req)
				w.pass(31 * time.Minute)
				if r := <-got; call == "packet" && r.err == nil {
					t.Errorf("Acquire: %+v", r.lease)
				}
				w.server.set(refuse) // Unbind
				w.pass(time.Hour)
				w.wantNothingLeft()
			})
		})
	}
}

// The socket finds out by itself that the interface is gone.
func TestLinkIsDeletedDuringAnExchange(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.container(9))
		w.kernel.say(arrival{err: wire.ErrLinkGone})
		if r := <-got; r.err == nil {
			t.Errorf("Acquire: %+v", r.lease)
		}
		w.wantNothingLeft()
	})
}

// A flood must not drown the news that nothing comes any more.
func TestLinkIsDeletedDuringAFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.flood = 10 * maxInbox
		w.server.set(func(m message) []dt.Server { // OFFERs that will not do, then the error
			r := kind(2).to(m, router, time.Hour)
			return []dt.Server{r}
		})
		got := w.inBackground(context.Background(), w.container(9))
		e := w.entry()
		block := make(chan struct{})
		w.m.post(e.key, func(*actor) { <-block })
		w.pass(time.Second) // the actor is busy, the flood comes
		for range 2 * maxInbox {
			w.kernel.say(arrival{payload: []byte("junk")})
		}
		w.kernel.say(arrival{err: wire.ErrLinkGone})
		w.rest()
		close(block)
		select {
		case r := <-got:
			if r.err == nil {
				t.Errorf("Acquire: %+v", r.lease)
			}
		case <-time.After(time.Second):
			t.Error("the socket is dead and nobody knows")
		}
	})
}

// entry is the only one.
func (w *world) entry() *actor {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	for _, e := range w.m.actors {
		return e
	}
	w.t.Fatal("no attachment")
	return nil
}

func TestFloodIsBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.container(9))
		e := w.entry()
		block := make(chan struct{})
		w.m.post(e.key, func(*actor) { <-block })
		w.rest()
		for range 100 {
			for range 60 {
				w.kernel.say(arrival{payload: []byte("junk")})
			}
			w.rest()
		}
		w.m.mu.Lock()
		if n := len(e.inbox); n > maxInbox {
			t.Errorf("%d messages wait", n)
		}
		w.m.mu.Unlock()
		// Requests get in all the same.
		done := make(chan struct{})
		go func() { defer close(done); _ = w.m.Release(context.Background(), w.m.entryAttachment(e)) }()
		w.rest()
		close(block)
		<-done
		<-got
		w.wantNothingLeft()
	})
}

// A container of whose link another one has taken the place is as good as gone.
func TestAnotherNetnsAtThePath(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		w.acquire(req)
		p, _ := w.kernel.Find(request.Link{Netns: req.Link.Netns}, req.Attachment.Interface)
		p.Cookie++
		w.kernel.add(p)
		w.pass(31 * time.Minute)
		w.wantNothingLeft()
	})
}
