// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

func TestPatience(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two, far := w.member(1), w.member(2), w.join(numbered("br1", 3))
		want := func(m *told, want time.Duration) {
			t.Helper()
			if got := m.Patience(); got != want {
				t.Errorf("waits %s, want %s", got, want)
			}
		}
		want(two, 4*time.Second)
		one.Resorted()
		want(two, 500*time.Millisecond)
		want(far, 4*time.Second)
		time.Sleep(time.Second)
		one.Offered(addr, false)
		want(two, 4*time.Second)
		one.Resorted() // at the same time
		want(two, 4*time.Second)
	})
}

func TestHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		begin := w.lans.cfg.Now()
		if two.HeardLately() || two.HeardSince(0) {
			t.Error("heard before anything was")
		}
		time.Sleep(time.Second)
		one.Offered(addr, true)
		if !two.HeardLately() || !two.HeardSince(begin) || two.HeardSince(w.lans.cfg.Now()) {
			t.Error("not heard")
		}
		if w.join(numbered("br1", 3)).HeardLately() {
			t.Error("heard on another LAN")
		}
		time.Sleep(heardLately - time.Nanosecond)
		if !two.HeardLately() {
			t.Error("forgotten early")
		}
		if time.Sleep(time.Nanosecond); two.HeardLately() {
			t.Error("not forgotten")
		}
	})
}

// The host booted a moment ago.
func TestNotHeardSinceBoot(t *testing.T) {
	t.Parallel()
	if s := (servers{}); s.heardLately(clock.Instant(time.Second)) {
		t.Error("heard before anything was")
	}
}

// The first 16 RELEASEs go out at once, the others 2 ms apart.
func TestReleasePause(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		for range 2 {
			for i := range 100 {
				if got, want := m.ReleasePause(), time.Duration(i+1-releaseBurst)*releaseStep; got != want {
					t.Fatalf("RELEASE %d waits %s, want %s", i, got, want)
				}
			}
			if d := w.join(numbered("br1", 1)).ReleasePause(); d > 0 {
				t.Errorf("on another LAN it waits %s", d)
			}
			time.Sleep(time.Second)
		}
	})
}
