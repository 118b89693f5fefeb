// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// schedules is RFC 8415 §7.6, a row each: how the exchange begins and ends.
var schedules = []struct {
	name     string
	typ      dhcp6.Type
	irt, mrt time.Duration
	begin    func(w *world) []lease6.Action
	tries    int           // messages until it ends; 0: it goes on
	ends     time.Duration // or when it ends, from the first message on; 0: it does not
}{
	{"SOLICIT", dhcp6.Solicit, time.Second, time.Hour, (*world).want, 0, 0},
	{"SOLICIT, SOL_MAX_RT", dhcp6.Solicit, time.Second, 100 * time.Second, func(w *world) []lease6.Action {
		acts := w.want()
		w.advertise(fails(dhcp6.UnspecFail), func(r *dhcp6.Reply) { r.SolMaxRT = 100 })
		return acts
	}, 0, 0},
	{"REQUEST", dhcp6.Request, time.Second, 30 * time.Second, func(w *world) []lease6.Action {
		w.want()
		return w.advertise(prefers(255))
	}, 10, 0},
	{"CONFIRM", dhcp6.Confirm, time.Second, 4 * time.Second, (*world).resume, 0, 10 * time.Second},
	{"RENEW", dhcp6.Renew, 10 * time.Second, 600 * time.Second, func(w *world) []lease6.Action {
		return w.bind(times(100, 8000), gives(life(client, 9000, 10000))).fire()
	}, 0, 7900 * time.Second},
	{"REBIND", dhcp6.Rebind, 10 * time.Second, 600 * time.Second, func(w *world) []lease6.Action {
		return w.bind(times(100, 100), gives(life(client, 9000, 10000))).fire()
	}, 0, 9900 * time.Second},
	{"DECLINE", dhcp6.Decline, time.Second, 0, func(w *world) []lease6.Action {
		return w.bind().duplicate(client)
	}, 4, 0},
	{"INFORMATION-REQUEST", dhcp6.InformationRequest, time.Second, time.Hour, (*world).inform, 0, 0},
}

// Each message is retransmitted as RFC 8415 §15 says, with RAND within ±0.1, at a
// mute network: one xid, Elapsed as time passes (world looks at that). SOLICIT goes on as
// before after an INFORMATION-REQUEST in between, in a new exchange.
func TestRetransmission(t *testing.T) {
	for _, c := range schedules {
		for seed := range uint64(50) {
			w := newWorld(t, lease6.Config{Rand: rand.New(rand.NewPCG(seed, 0)).Uint64})
			acts := c.begin(w)
			start, xid, last := w.now, w.m.XID(), time.Duration(0)
			n := 0
			for ; n < 30; n++ {
				s := sent(acts)
				if c.typ == dhcp6.Solicit && n == 3 && s[0].Type == dhcp6.InformationRequest {
					s = sent(w.fire())
					start, xid = w.now, w.m.XID()
				}
				if len(s) != 1 || s[0].Type != c.typ || s[0].XID != xid || s[0].Elapsed != w.now.Sub(start) {
					break
				}
				wait := w.m.Deadline().Sub(w.now)
				if c.ends == 0 || w.m.Deadline() != start.Add(c.ends) {
					checkRT(t, c.name, rtRow{wait, last, c.irt, c.mrt})
				}
				last = wait
				acts = w.fire()
			}
			if c.tries != 0 && n != c.tries || c.tries == 0 && c.ends == 0 && n != 30 {
				t.Errorf("%s: %d messages, want %d", c.name, n, c.tries)
			}
			if c.ends != 0 && w.now != start.Add(c.ends) {
				t.Errorf("%s ended after %s, want %s", c.name, w.now.Sub(start), c.ends)
			}
		}
	}
}

type rtRow struct{ rt, prev, irt, mrt time.Duration }

// checkRT compares a wait with RFC 8415 §15.
func checkRT(t *testing.T, name string, r rtRow) {
	t.Helper()
	lo, hi := r.irt*9/10, r.irt*11/10
	if strings.HasPrefix(name, "SOLICIT") {
		lo = r.irt + 1 // §18.2.1: strictly more than IRT
	}
	if r.prev != 0 {
		lo, hi = r.prev*19/10, r.prev*21/10+1
		if r.mrt != 0 && hi > r.mrt {
			lo, hi = min(lo, r.mrt*9/10), max(r.mrt*11/10, min(hi, r.mrt))
		}
	}
	if r.rt < lo || r.rt > hi {
		t.Errorf("%s: waits %s after %s, want %s to %s", name, r.rt, r.prev, lo, hi)
	}
}

// RAND is random: both ways, nearly all the way; SOLICIT's first one only up.
func TestRandIsRandom(t *testing.T) {
	for _, c := range []struct {
		begin  func(w *world) []lease6.Action
		lo, hi time.Duration
	}{
		{(*world).want, time.Second, 1100 * time.Millisecond},
		{(*world).inform, 900 * time.Millisecond, 1100 * time.Millisecond},
	} {
		var waits []time.Duration
		for seed := range uint64(500) {
			w := newWorld(t, lease6.Config{Rand: rand.New(rand.NewPCG(seed, 1)).Uint64})
			c.begin(w)
			waits = append(waits, w.m.Deadline().Sub(w.now))
		}
		lo, hi := slices.Min(waits), slices.Max(waits)
		if lo < c.lo || lo > c.lo+2*time.Millisecond || hi > c.hi || hi < c.hi-2*time.Millisecond {
			t.Errorf("waits are within %s and %s, want %s and %s", lo, hi, c.lo, c.hi)
		}
	}
}

// The first RT of SOLICIT is longer than IRT even where RAND is 0 (§18.2.1).
func TestFirstSolicitWaitsLonger(t *testing.T) {
	w := newWorld(t, lease6.Config{Rand: func() uint64 { return 0 }})
	w.want()
	if wait := w.m.Deadline().Sub(w.now); wait <= time.Second {
		t.Errorf("waits %s", wait)
	}
}

// INF_MAX_RT (option 83) counts, too, even in a REPLY to something else.
func TestInfMaxRT(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.inform()
	w.reply(fails(dhcp6.UnspecFail), func(r *dhcp6.Reply) { r.InfMaxRT = 60 })
	for range 20 {
		w.fire()
	}
	if wait := w.m.Deadline().Sub(w.now); wait < 54*time.Second || wait > 66*time.Second {
		t.Errorf("waits %s, want 60 s ± 6 s", wait)
	}
}

// Each exchange has an xid of its own, of 24 bits and not 0, even with a broken source.
func TestTransactionIDs(t *testing.T) {
	for _, broken := range []uint64{0, 7, 1 << 24, 1<<24 - 1, 1<<64 - 1} {
		w := newWorld(t, lease6.Config{Rand: func() uint64 { return broken }})
		seen := []uint32{sent(w.want())[0].XID}
		for _, acts := range [][]lease6.Action{w.advertise(prefers(255)), w.reply(failsIA(dhcp6.NoAddrsAvail)), w.advertise(prefers(255))} {
			seen = append(seen, sent(acts)[0].XID)
		}
		for i, x := range seen {
			if x == 0 || x >= 1<<24 || i > 0 && x == seen[i-1] {
				t.Errorf("Rand %#x: xids %x", broken, seen)
			}
		}
		w.reply()
		if w.m.XID() != 0 || w.m.Listening() {
			t.Error("BOUND listens")
		}
	}
}
