// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"sync"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// busy is a server whose socket's buffer holds so many messages, each of which it
// takes a millisecond to answer.
type busy struct {
	mu             sync.Mutex
	waiting, peak  int
	lost, discover int
}

const buffer = 100

func (b *busy) hear(m message) []dt.Server {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.kind == dhcp4.Discover {
		b.discover++
	}
	if b.waiting == buffer {
		b.lost++
		return nil
	}
	b.waiting++
	b.peak = max(b.peak, b.waiting)
	time.AfterFunc(time.Millisecond-time.Nanosecond, func() { b.mu.Lock(); b.waiting--; b.mu.Unlock() }) // and then it answers
	return grant(time.Hour)(m)
}

// A mass start: nobody's message is lost, nobody has to ask twice, and who came
// first is served first, more or less.
func TestThousandAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		server := &busy{}
		w.kernel.delay = time.Millisecond
		w.server.set(server.hear)
		var all sync.WaitGroup
		begin, last := time.Now(), time.Duration(0)
		var mu sync.Mutex
		for i := range 1000 {
			req := w.checked("quick", i/200<<8+i%200+2)
			all.Go(func() {
				if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				last = max(last, time.Since(begin))
			})
		}
		all.Wait()
		if server.lost != 0 || server.discover != 1000 {
			t.Errorf("%d messages lost of up to %d at once, %d DISCOVERs", server.lost, server.peak, server.discover)
		}
		if last > 100*time.Millisecond {
			t.Errorf("the last one has waited %s", last)
		}
	})
}

// Nobody repeats a RELEASE: hundreds at once must not overflow a server's buffer.
func TestReleasesHaveAPace(t *testing.T) {
	inWorld(t, func(w *world) {
		server := &busy{}
		w.server.set(server.hear)
		var all sync.WaitGroup
		for i := range 250 {
			req := w.container(i + 2)
			w.acquire(req)
			all.Go(func() { time.Sleep(time.Minute); _ = w.m.Release(context.Background(), req.Attachment) })
		}
		server.mu.Lock()
		server.peak = 0
		server.mu.Unlock()
		begin := time.Now()
		all.Wait()
		if took := time.Since(begin) - time.Minute; server.peak > 40 || took > time.Second {
			t.Errorf("%d RELEASEs at once, all in %s", server.peak, took)
		}
		w.wantNothingLeft()
	})
}

// A server that is silent keeps nobody from the gate for good: who waits behind
// others that are not answered gets to ask, and is told in time that it was in vain.
func TestHundredWithoutAServer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		var all sync.WaitGroup
		for i := range 100 {
			req := w.container(i + 2)
			all.Go(func() {
				if l, _, err := w.m.Acquire(context.Background(), req); err == nil {
					t.Errorf("%+v", l)
				}
			})
		}
		all.Wait()
		w.wantNothingLeft()
		asked := map[string]bool{}
		for _, m := range w.server.macs {
			asked[m] = true
		}
		if len(asked) < 80 {
			t.Errorf("%d of 100 have asked within 10 s", len(asked))
		}
	})
}

// Who hangs up while it waits at the gate leaves its place to the next.
func TestHangingUpAtTheGate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		ctx, cancel := context.WithCancel(context.Background())
		var first []<-chan result
		for i := range 150 {
			first = append(first, w.inBackground(ctx, w.container(i+2)))
		}
		w.rest()
		cancel()
		for _, c := range first {
			<-c
		}
		w.wantNothingLeft()
		w.server.set(grant(time.Hour))
		begin := time.Now()
		w.acquire(w.container(200))
		if d := time.Since(begin); d > 0 {
			t.Errorf("the next one has waited %s", d)
		}
	})
}

// A record that takes for ever to write holds up its own container only.
func TestSlowDiskHoldsUpNobodyElse(t *testing.T) {
	inWorld(t, func(w *world) {
		slow, quick := w.container(9), w.container(10)
		w.store.slow, w.store.hold = keyOf(slow.Attachment), make(chan struct{})
		got := w.inBackground(context.Background(), slow)
		begin := time.Now()
		w.acquire(quick)
		w.pass(31 * time.Minute)
		if n := w.server.count("REQUEST unicast"); n != 1 {
			t.Errorf("%d renewals, want the other's", n)
		}
		if time.Since(begin) > 31*time.Minute {
			t.Error("held up")
		}
		close(w.store.hold)
		if r := <-got; r.err == nil && r.lease == nil {
			t.Error("no answer")
		}
	})
}

// 200 containers start with on_timeout=continue on a silent LAN. Those that waited at the
// gate for all of their time still wait there, and have their turn.
func TestQueuedStartsGoOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		var all sync.WaitGroup
		const n = 200
		for i := range n {
			req := w.container(i + 2)
			req.Policy.OnTimeout = "continue"
			all.Go(func() {
				if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
					t.Errorf("%+v, %v", l, err)
				}
			})
		}
		all.Wait()
		w.server.set(grant(time.Hour))
		w.pass(10 * time.Minute)
		bound := 0
		for _, s := range listed(w.m) {
			if s.State == "BOUND" {
				bound++
			}
		}
		if bound != n {
			t.Errorf("%d of %d have a lease", bound, n)
		}
	})
}
