// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Everything at once, on two LANs, and nothing is left of it.
func TestHammer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.unchecked = true
	var all, noise sync.WaitGroup
	stop := make(chan struct{})
	noise.Go(func() { makeNoise(w, stop) })
	for i := range 100 {
		all.Go(func() {
			m := w.join(numbered([]string{"br0", "br1"}[i%2], i/4)) // two of each client and MAC
			for range 200 {
				use(m, i)
			}
			m.Leave()
		})
	}
	all.Wait()
	close(stop)
	noise.Wait()
	w.cancel()
	w.work.Wait()
	if w.open() != 0 || len(w.lans.byMAC) != 0 || len(w.lans.byHost) != 2 {
		t.Errorf("%d listeners are open; %v, %v", w.open(), w.lans.byMAC, w.lans.byHost)
	}
	for host, l := range w.lans.byHost {
		known := l.clients.living + len(l.clients.byName) + len(l.addrs)
		if l.gate.inside != 0 || known != 0 || l.listener != nil {
			t.Errorf("left on %s: %+v, %+v, %v, %v", host, l.gate, l.clients, l.addrs, l.listener)
		}
	}
}

// makeNoise has routers advertise and listeners break.
func makeNoise(w *world, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		a := advertisement(i%2 == 0)
		if i%5 == 0 {
			a = arrival{err: errors.New("network is down")}
		}
		w.mu.Lock()
		for _, f := range w.listeners {
			select {
			case f.in <- a:
			default:
			}
		}
		w.mu.Unlock()
	}
}

// use calls one method or another.
func use(m *told, i int) {
	a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 8)})
	do := []func(){
		func() { m.SetLive(true) },
		func() { m.Claim(m.Claim(nil)) },
		func() { m.SetLive(false) },
		func() { m.EnterGate() },
		func() { m.ExitGate(Outcome(1 + rand.IntN(3))) },
		func() { m.SetAddr(a) },
		func() {
			m.Offered(a, true)
			m.Claimed(a, numbered("", i).MAC, i%2 == 0)
			m.IsOurs(a, numbered("", i/4+1).MAC)
		},
		func() { m.Subscribe(i%2 == 0) },
		func() { m.Unsubscribe() },
		func() { m.SetWaiting(true); m.Advertised(); m.AdvertisedEnd(); m.Routerless(m.Listening()) },
		func() {
			m.Resorted()
			m.Waited(Wait{By: "a", Refused: i%2 == 0})
			m.Silent("a")
			m.Granted()
			m.lan.all.TimeToStart(m.Host(), "a", time.Hour)
			m.Patience()
			m.HeardSince(start)
			m.HeardLately()
			m.ReleasePause()
		},
		func() { m.HasSuccessor(); m.MaxHeld(); m.Crowded(); m.Subscribed() },
		func() { m.full.Store(rand.IntN(2) == 0) },
		m.Leave,
	}
	do[rand.IntN(len(do))]()
}
