// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestListenerIsOpenedOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.delay = 5 * time.Second
		one, two := w.member(1), w.member(2)
		one.Subscribe(false)
		two.Subscribe(false)
		one.Subscribe(true)
		w.wantOpens(1, 0)
		if one.Listening() || !one.Subscribed() || w.member(3).Subscribed() {
			t.Error("listens too early, or is not subscribed")
		}
		time.Sleep(w.delay)
		w.wantOpens(1, 1)
		one.Unsubscribe()
		one.Unsubscribe()
		if !two.Listening() || one.Subscribed() {
			t.Error("closed before the last one unsubscribed")
		}
		two.Leave()
		w.wantOpens(1, 0)
		if two.Listening() {
			t.Error("listens after the last one unsubscribed")
		}
	})
}

func TestEachLANHasAListener(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(1).Subscribe(false)
		w.join(numbered("br1", 1)).Subscribe(false)
		w.wantOpens(2, 2)
	})
}

// A LAN that cannot be listened to is not tried for each container, but for the first
// after all have gone.
func TestListenerThatCannotBeOpened(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fail = errors.New("the NIC is lent")
		one, two := w.member(1), w.member(2)
		one.Subscribe(false)
		synctest.Wait()
		two.Subscribe(false)
		w.wantOpens(1, 0)
		one.Unsubscribe()
		two.Unsubscribe()
		w.fail = nil
		one.Subscribe(false)
		w.wantOpens(2, 1)
		line := `level=WARN msg="listen to router advertisements; changes are noticed late" on=br0 err="the NIC is lent"`
		if strings.Count(w.log.String(), line) != 1 {
			t.Error(w.log.String())
		}
	})
}

// Nobody wants the listener any more when it is open at last.
func TestUnsubscribedWhileOpening(t *testing.T) {
	inWorld(t, func(w *world) {
		w.delay = 5 * time.Second
		m := w.member(1)
		m.Subscribe(false)
		time.Sleep(time.Second)
		m.Unsubscribe()
		time.Sleep(time.Second)
		m.Subscribe(false)
		time.Sleep(3 * time.Second) // the first is open
		w.wantOpens(2, 0)
		time.Sleep(2 * time.Second)
		w.wantOpens(2, 1)
		w.hear(advertisement(false))
		w.wantTold(m, 1)
	})
}

func TestListenerIsClosedWithTheDaemon(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(1).Subscribe(false)
		w.wantOpens(1, 1)
		w.cancel()
		w.wantOpens(1, 0)
	})
}

func TestBrokenListener(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two, none := w.member(1), w.member(2), w.member(3)
		one.Subscribe(false)
		two.Subscribe(false)
		synctest.Wait()
		w.hear(advertisement(true))
		w.wantTold(one, 1)
		w.wantTold(two, 1)
		w.hear(arrival{err: errors.New("network is down")})
		time.Sleep(2 * breath)
		w.wantTold(one, 1)
		w.wantTold(two, 1)
		w.wantTold(none, 0)
		w.wantOpens(1, 0)
		if one.Listening() || one.Advertised().Any {
			t.Error("the LAN is said to be listened to")
		}
		two.Subscribe(false)
		one.Subscribe(false)
		w.wantOpens(2, 1)
		line := `level=WARN msg="listen to router advertisements" on=br0 err="network is down"`
		if !strings.Contains(w.log.String(), line) {
			t.Error(w.log.String())
		}
	})
}

// The notice of a broken listener is not lost on a member that has no room for it.
func TestBrokenListenerAndAFullInbox(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *world, full, other *told)
		want int32
	}{
		"room again":   {func(_ *world, full, _ *told) { full.full.Store(false) }, 1},
		"opened":       {func(_ *world, full, other *told) { other.Subscribe(false); full.full.Store(false) }, 0},
		"unsubscribed": {func(_ *world, full, _ *told) { full.Unsubscribe(); full.full.Store(false) }, 0},
		"the end":      {func(w *world, full, _ *told) { w.cancel(); w.work.Wait(); full.full.Store(false) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				full, other := w.member(1), w.member(2)
				full.Subscribe(false)
				other.Subscribe(false)
				synctest.Wait()
				full.full.Store(true)
				w.hear(arrival{err: errors.New("network is down")})
				time.Sleep(time.Second)
				w.wantTold(other, 1)
				c.end(w, full, other)
				time.Sleep(time.Second)
				w.wantTold(full, c.want)
				w.wantTold(other, 0)
			})
		})
	}
}

// A listener that is closed while it breaks is not warned of, and what is known stays.
func TestBrokenWhileClosed(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		m.Subscribe(false)
		synctest.Wait()
		w.listeners[0].broken = errors.New("bad file descriptor")
		m.Unsubscribe()
		m.Subscribe(false)
		w.wantOpens(2, 1)
		w.wantTold(m, 0)
		m.Unsubscribe()
		if synctest.Wait(); w.log.Len() > 0 {
			t.Error(w.log.String())
		}
	})
}

func TestOwnListenerThatBreaks(t *testing.T) {
	inWorld(t, func(w *world) {
		m, own := w.member(1), w.newListener()
		m.Subscribe(false)
		w.work.Go(func() { m.Overhear(w.ctx, own) })
		own.in <- arrival{err: errors.New("network is down")}
		time.Sleep(time.Second)
		w.wantTold(m, 0)
		w.wantOpens(1, 1)
		if own.isClosed() {
			t.Error("Overhear has closed what its caller closes")
		}
	})
}
