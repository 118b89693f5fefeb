// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// diary is which messages a server has heard when.
type diary struct {
	mu    sync.Mutex
	w     *world
	heard map[string]map[clock.Instant]int // how often each, and when
}

// keepDiary has the server answer so from now on, and note the times.
func (w *world) keepDiary(a answer) *diary {
	d := &diary{w: w, heard: map[string]map[clock.Instant]int{}}
	w.server.set(func(m message) []dt.Server {
		d.mu.Lock()
		defer d.mu.Unlock()
		what := m.kind.String() + " " + m.via
		if d.heard[what] == nil {
			d.heard[what] = map[clock.Instant]int{}
		}
		d.heard[what][w.at()]++
		return a(m)
	})
	return d
}

func (w *world) at() clock.Instant { return clock.Instant(w.clock.Now()) }

// sum is how many messages of a kind were heard, and how many at one instant at most.
func (d *diary) sum(what string) (all, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.heard[what] {
		all, most = all+n, max(most, n)
	}
	return all, most
}

// when is the instants at which a message was heard.
func (d *diary) when(what string) (all []clock.Instant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for at := range d.heard[what] {
		all = append(all, at)
	}
	slices.Sort(all)
	return all
}

// wantAt wants that a message was heard at these times after begin only.
func (d *diary) wantAt(begin clock.Instant, what string, want ...time.Duration) {
	d.w.t.Helper()
	var got []time.Duration
	for _, at := range d.when(what) {
		got = append(got, at.Sub(begin))
	}
	if !slices.Equal(got, want) {
		d.w.t.Errorf("%s after %s, want %s", what, got, want)
	}
}

// many makes that many containers, one each gap.
func (w *world) many(n int, gap time.Duration) {
	for i := range n {
		w.acquire(w.container(i/200<<8 + i%200 + 2))
		w.pass(gap)
	}
}

// 1,000 containers that started within a minute, with leases of six hours: leased wakes up
// for batches. A batch is at a point of the grid, or follows the batch before.
func TestThousandRenewOnAGrid(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(6 * time.Hour))
		w.many(1000, 60*time.Millisecond)
		d := w.keepDiary(grant(6 * time.Hour))
		w.pass(10 * time.Second) // the last starts' announcements
		before := w.clock.ticks.Load()
		w.pass(24 * time.Hour)
		all, most := d.sum("REQUEST unicast")
		if all < 1000*7 || all > 1000*8 {
			t.Errorf("%d renewals, want about %d", all, 1000*8)
		}
		if most > 32 {
			t.Errorf("%d renewals at once", most)
		}
		n := int(w.clock.ticks.Load() - before)
		t.Logf("%d wake-ups for %d renewals, %d at once at most", n, all, most)
		if n > all/20 {
			t.Errorf("%d wake-ups for %d renewals", n, all)
		}
		for _, at := range d.when("REQUEST unicast") {
			if after := at % clock.Instant(4*time.Second); after%clock.Instant(32*time.Millisecond) != 0 || after > clock.Instant(time.Second) {
				t.Fatalf("a renewal %s after a point of the grid", time.Duration(after))
			}
		}
	})
}

// Only T1 is put off: a lease of 1,000 s has T1 at 500 s, T2 at 875 s.
func TestOnlyT1IsOnTheGrid(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pass(1500 * time.Millisecond)
		begin := w.at() // 101.5 s after the boot
		w.server.set(grant(1000 * time.Second))
		w.acquire(w.container(9))
		d := w.keepDiary(silent)
		w.pass(1000*time.Second - 1)
		w.wantState("REBINDING")
		// The grid's next point is 604 s after the boot; then half of the time to T2 passes.
		first := 502500 * time.Millisecond
		half := first + (875*time.Second-first)/2
		d.wantAt(begin, "REQUEST unicast", first, half, half+(875*time.Second-half)/2, half+(875*time.Second-half)/2+60*time.Second)
		if at := d.when("REQUEST packet"); len(at) == 0 || at[0] != begin.Add(875*time.Second) {
			t.Errorf("T2 is put off: %v", at)
		}
		if w.pass(1); w.state() != "SELECTING" {
			t.Errorf("%s after the end of the lease", w.state())
		}
	})
}

// The slack is a sixteenth of the time to T2: leases of seconds are renewed on time.
func TestShortLeasesRenewOnTime(t *testing.T) {
	for _, c := range []struct{ lease, slack time.Duration }{
		{time.Second, 16 * time.Millisecond},
		{2 * time.Second, 32 * time.Millisecond},
		{6 * time.Second, 125 * time.Millisecond},
		{time.Minute, time.Second},
		{2 * time.Minute, 2 * time.Second},
		{10 * time.Minute, 4 * time.Second},
	} {
		t.Run(c.lease.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.pass(1234567891)
				w.server.set(grant(c.lease))
				w.acquire(w.container(9))
				d, last := w.keepDiary(grant(c.lease)), w.at()
				w.pass(100 * c.lease)
				for _, at := range d.when("REQUEST unicast") {
					if late := at.Sub(last) - c.lease/2; late < 0 || late > c.slack {
						t.Fatalf("%s after T1", late)
					}
					last = at
				}
				if n, _ := d.sum("REQUEST unicast"); n < 180 {
					t.Errorf("%d renewals", n)
				}
			})
		})
	}
}

// Thousands renew at one point of the grid: an attachment whose turn would come after T2
// asks all servers at T2.
// Starts do not wait meanwhile.
func TestTurnsEndAtT2(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(grant(4 * time.Second))
		var all sync.WaitGroup
		for i := range 2000 {
			req := w.container(i/200<<8 + i%200 + 2)
			all.Go(func() { _, _, _ = w.m.Acquire(context.Background(), req) })
		}
		all.Wait()
		begin := w.at()
		d := w.keepDiary(grant(4 * time.Second))
		w.pass(2500 * time.Millisecond)
		started := time.Now()
		w.acquire(w.container(11<<8 + 2))
		if waits := time.Since(started); waits > 0 {
			t.Errorf("a start waits %s", waits)
		}
		w.pass(time.Second)
		if n, most := d.sum("REQUEST unicast"); n < 1200 || most > 32 {
			t.Errorf("%d renewals before T2, %d at once", n, most)
		}
		rebinds := d.when("REQUEST packet")[1:] // after the start's
		if len(rebinds) != 1 || rebinds[0] != begin.Add(3500*time.Millisecond) {
			t.Errorf("REBINDING at %v, and T2 is %v", rebinds, begin.Add(3500*time.Millisecond))
		}
		if n, _ := d.sum("DISCOVER packet"); n != 1 {
			t.Errorf("%d DISCOVERs, want the start's", n)
		}
	})
}

// A host that wakes up after T1 renews at once.
func TestHostSleepsThroughT1(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pass(time.Second)
		w.acquire(w.container(9))
		d := w.keepDiary(grant(time.Hour))
		w.clock.suspend(2000 * time.Second)
		now := w.at()
		w.m.fire() // as the timer on CLOCK_BOOTTIME does
		w.rest()
		d.wantAt(now, "REQUEST unicast", 0)
		w.wantState("BOUND")
	})
}

// After a restart of leased a lease renews at the same instant as before it.
func TestGridAfterRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pass(time.Second)
		begin := w.at()
		w.acquire(w.container(9))
		d := w.keepDiary(grant(time.Hour))
		if err := w.restart(func() { w.pass(1801 * time.Second) }); err != nil {
			t.Fatal(err)
		}
		w.pass(5 * time.Second)
		d.wantAt(begin, "REQUEST unicast", 1803*time.Second)
	})
}

// IPv4 and IPv6 renew at one wake-up. So do settings without addresses, once a day.
func TestBothFamiliesAreOnTheGrid(t *testing.T) {
	for _, c := range []struct {
		name, want string
		router     router6
		t1         time.Duration
	}{
		{"stateful", "RENEW by dhcp6", router6{managed: true}, 30 * time.Minute},
		{"stateless", "INFORMATION-REQUEST by dhcp6", router6{prefix: prefix6, other: true}, 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.pass(1500 * time.Millisecond)
				w.kernel.six.router = &c.router
				begin := w.at()
				w.acquire(w.container6(1, "auto"))
				w.pass(begin.Add(c.t1).RoundUp(4*time.Second).Sub(w.at()) - 1)
				w.server.since()
				w.kernel.six.server.since()
				before := w.clock.ticks.Load()
				w.pass(1)
				w.wantHeard6(c.want)
				w.wantHeard("REQUEST unicast")
				if n := w.clock.ticks.Load() - before; n != 1 {
					t.Errorf("%d wake-ups", n)
				}
			})
		})
	}
}
