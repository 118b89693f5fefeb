// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// One that waits is told of each advertisement, the others of news.
func TestAdvertisementsConcern(t *testing.T) {
	inWorld(t, func(w *world) {
		waits, rests, none := w.member(1), w.member(2), w.member(3)
		waits.Subscribe(true)
		rests.Subscribe(false)
		synctest.Wait()
		hear := func(a arrival, first, second int32) {
			t.Helper()
			w.hear(a)
			time.Sleep(time.Second)
			w.wantTold(waits, first)
			w.wantTold(rests, second)
			w.wantTold(none, 0)
		}
		hear(advertisement(false), 1, 1)
		hear(advertisement(false), 1, 0)
		hear(advertisement(true), 1, 1)
		hear(arrival{icmp: []byte{134}}, 0, 0) // malformed
		waits.SetWaiting(false)
		hear(advertisement(true), 0, 0)
		rests.SetWaiting(true)
		hear(advertisement(true), 0, 1)
		waits.Unsubscribe()
		hear(advertisement(false), 0, 1)
	})
}

func TestAdvertised(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		if m.Advertised().Any || m.AdvertisedEnd() != clock.Never {
			t.Error("something is advertised from the start")
		}
		m.Subscribe(false)
		synctest.Wait()
		w.hear(advertisement(true))
		synctest.Wait()
		want := w.lans.cfg.Now().Add(1800*time.Second + time.Second)
		if said := m.Advertised(); !said.Any || !said.Managed || m.AdvertisedEnd() != want {
			t.Errorf("%+v until %d, want %d", said, m.AdvertisedEnd(), want)
		}
		if w.join(numbered("br1", 1)).Advertised().Any {
			t.Error("advertised on another LAN")
		}
		time.Sleep(1800 * time.Second)
		if m.Advertised().Any {
			t.Error("advertised after its lifetime")
		}
		w.hear(advertisement(true))
		synctest.Wait()
		m.Unsubscribe()
		if m.Advertised().Any {
			t.Error("nobody listens, and it is advertised still")
		}
	})
}

// A container hears on its own link what a router answers it alone.
func TestOwnListener(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two, own := w.member(1), w.member(2), w.newListener()
		one.Subscribe(false)
		two.Subscribe(false)
		var ended bool
		w.work.Go(func() { one.Overhear(w.ctx, own); ended = true })
		own.in <- advertisement(true)
		time.Sleep(time.Second)
		w.wantTold(one, 1)
		w.wantTold(two, 1)
		w.hear(advertisement(true)) // and again by the LAN's listener
		time.Sleep(time.Second)
		w.wantTold(two, 0)
		if !two.Advertised().Managed {
			t.Error("not advertised")
		}
		own.Close()
		if synctest.Wait(); !ended {
			t.Error("Overhear goes on after Close")
		}
	})
}

func TestRouterless(t *testing.T) {
	inWorld(t, func(w *world) {
		w.delay = time.Second
		one, two := w.member(1), w.member(2)
		want := func(m *told, waited, want bool) {
			t.Helper()
			if m.Routerless(waited) != want {
				t.Errorf("routerless: %v, want %v", !want, want)
			}
		}
		want(one, false, false)
		want(one, true, true)
		one.Subscribe(true)
		want(one, true, true)   // nobody listens yet,
		want(two, false, false) // so that it is not known
		time.Sleep(w.delay)
		synctest.Wait()
		want(one, true, true)
		want(two, false, true)
		time.Sleep(time.Hour)
		want(two, false, true)
		w.hear(advertisement(false))
		synctest.Wait()
		want(two, false, false)
		want(one, true, true)
		one.Unsubscribe()
		time.Sleep(routerlessFor - time.Nanosecond)
		want(two, false, true)
		time.Sleep(time.Nanosecond)
		want(two, false, false)
		one.Subscribe(true)
		time.Sleep(w.delay)
		w.hear(advertisement(false))
		synctest.Wait()
		one.Unsubscribe()
		want(two, false, false)
	})
}

// A flood of news costs each subscriber 50 notices a second.
func TestFloodOfAdvertisements(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		m.Subscribe(true)
		synctest.Wait()
		stop := time.After(10 * time.Second)
		heard := 0
		for flooding := true; flooding; heard++ {
			select {
			case w.listeners[0].in <- advertisement(heard%2 == 0):
			case <-stop:
				flooding = false
			}
		}
		if n := m.advertised.Load(); n < 400 || n > 501 {
			t.Errorf("%d notices in 10 s", n)
		}
	})
}

// Without room for notices the listener does not pause, and nothing piles up.
func TestFloodOfAFullInbox(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		m.Subscribe(true)
		synctest.Wait()
		m.full.Store(true)
		begin := time.Now()
		for i := range 1000 {
			w.listeners[0].in <- advertisement(i%2 == 0)
		}
		if synctest.Wait(); time.Since(begin) > 0 {
			t.Errorf("it took %s", time.Since(begin))
		}
		w.wantTold(m, 0)
	})
}
