// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

func TestRenewAt(t *testing.T) {
	t.Parallel()
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct{ t1, limit, want time.Duration }{
		{1801 * s, 3151 * s, 1804 * s},                   // an hour: 4 s
		{101 * s, 164 * s, 102 * s},                      // 63 s / 16: 2 s
		{101 * s, 165 * s, 104 * s},                      // 64 s / 16
		{2*s + ms, 5 * s, 2*s + 125*ms},                  // 3 s / 16 = 187 ms
		{s + ms, s + 750*ms, s + 31250*time.Microsecond}, // a lease of 2 s
		{s + ms, s + 10*ms, s + ms},                      // too short for a grid
		{s + ms, s + ms, s + ms},                         // T1 is T2
	} {
		if got := RenewAt(clock.Instant(c.t1), clock.Instant(c.limit)); got != clock.Instant(c.want) {
			t.Errorf("T1 %s until %s: at %s, want %s", c.t1, c.limit, time.Duration(got), c.want)
		}
	}
	if got := RenewAt(clock.Instant(s+1), clock.Never); got != clock.Instant(4*s) {
		t.Errorf("a lease without a T2 is renewed at %s", time.Duration(got))
	}
	if got := RenewAt(clock.Never, clock.Never); got != clock.Never {
		t.Errorf("an infinite lease is renewed at %s", time.Duration(got))
	}
}

// A hundred at one instant, in batches; then so many that each finds room.
func TestRenewalsTakeTurns(t *testing.T) {
	t.Parallel()
	var r renewals
	for i := range 100 {
		if got, want := r.turn(start, 16), start.Add(time.Duration(i/16)*renewStep); got != want {
			t.Fatalf("turn %d is %s after the first, want %s", i, got.Sub(start), want.Sub(start))
		}
	}
	// 96 … 99 go out in the seventh batch, which has room for twelve more until its time is over.
	now := start.Add(6*renewStep + renewStep - 1)
	for i := range 13 {
		want := start.Add(6 * renewStep)
		if i == 12 {
			want = start.Add(7 * renewStep)
		}
		if got := r.turn(now, 16); got != want {
			t.Errorf("turn %d comes at %s, want %s", i, got.Sub(start), want.Sub(start))
		}
	}
	if later := start.Add(time.Minute); r.turn(later, 16) != later {
		t.Error("a lone renewal waits")
	}
}

// Renewals leave the servers room for the starts that the gate lets in, and do not pass it.
func TestRenewalsAndTheGate(t *testing.T) {
	inWorld(t, func(w *world) {
		m, begin := w.member(1), w.lans.cfg.Now()
		last := func(n int) (d time.Duration) {
			for range n {
				d = m.RenewalTurn().Sub(w.lans.cfg.Now())
			}
			return d
		}
		if d := last(firstLimit / 2); d != 0 {
			t.Errorf("one of the first batch waits %s", d)
		}
		if d := last(10 * firstLimit); d != 20*renewStep {
			t.Errorf("the last one waits %s", d)
		}
		if !w.member(2).EnterGate() {
			t.Error("a start waits for renewals")
		}
		if at := w.join(numbered("br1", 3)).RenewalTurn(); at != begin {
			t.Error("a renewal waits for those of another LAN")
		}
		time.Sleep(time.Minute)
		m.EnterGate()
		m.ExitGate(TimedOut) // a slow server: half as many
		if d := last(firstLimit); d != 3*renewStep {
			t.Errorf("with a slow server the last one waits %s", d)
		}
	})
}
