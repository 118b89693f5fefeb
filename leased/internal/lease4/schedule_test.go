// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// sent returns the messages among actions.
func sent(acts []lease4.Action) (out []lease4.Send) {
	for _, a := range acts {
		if s, ok := a.(lease4.Send); ok {
			out = append(out, s)
		}
	}
	return out
}

// checkWait compares a wait with its middle, of which it may miss a quarter or a
// second, whichever is less.
func checkWait(t *testing.T, got, want time.Duration) {
	t.Helper()
	if fuzz := min(want/4, time.Second); got < want-fuzz || got > want+fuzz {
		t.Errorf("waits %s, want %s ± %s", got, want, fuzz)
	}
}

// A mute network: DISCOVER for ever, one xid, secs as time passes.
func TestDiscoverSchedule(t *testing.T) {
	for seed := range uint64(50) {
		w := newWorld(t, lease4.Config{Rand: rand.New(rand.NewPCG(seed, 0)).Uint64})
		acts := w.step(lease4.Started{})
		xid := w.m.XID()
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 64, 64, 64} {
			s := sent(acts)
			if len(s) != 1 || s[0].XID != xid || s[0].Type != dhcp4.Discover {
				t.Fatalf("got %+v", acts)
			}
			if secs := uint16(max(w.now.Sub(boot)/time.Second, 1)); s[0].Secs != secs {
				t.Errorf("secs %d, want %d", s[0].Secs, secs)
			}
			if s[0].Broadcast != (i >= 2) {
				t.Errorf("DISCOVER %d asks for a broadcast: %v", i, s[0].Broadcast)
			}
			checkWait(t, w.m.Deadline().Sub(w.now), want*time.Second)
			acts = w.fire()
		}
	}
}

// The fuzz is a fuzz: it goes both ways, and nearly all the way.
func TestBackoffIsRandom(t *testing.T) {
	w := newWorld(t, lease4.Config{Rand: rand.New(rand.NewPCG(1, 2)).Uint64})
	w.step(lease4.Started{})
	var waits []time.Duration
	for range 400 {
		w.fire()
		waits = append(waits, w.m.Deadline().Sub(w.now))
	}
	waits = waits[10:]
	if lo, hi := slices.Min(waits), slices.Max(waits); lo > 63100*time.Millisecond || hi < 64900*time.Millisecond {
		t.Errorf("waits are within %s and %s", lo, hi)
	}
}

func TestSecsEnds(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.now = w.now.Add(100 * time.Hour)
	if s := sent(w.fire())[0]; s.Secs != 65535 {
		t.Errorf("secs %d after 100 h, want 65535", s.Secs)
	}
}

// A server that goes mute after its OFFER: four REQUESTs, all with the DISCOVER's
// xid and secs, then a new transaction.
func TestRequestSchedule(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	for range 3 {
		w.fire()
	}
	xid, secs := w.m.XID(), uint16(w.now.Sub(boot)/time.Second)
	w.now += 1e9
	acts := w.reply(dhcp4.Offer)
	for _, want := range []time.Duration{1, 2, 4, 8} {
		s := sent(acts)
		if len(s) != 1 || s[0].XID != xid || s[0].Secs != secs || s[0].Type != dhcp4.Request || secs == 0 {
			t.Fatalf("got %+v, want REQUEST with xid %d, secs %d", acts, xid, secs)
		}
		if s[0].Requested != client || s[0].Server != server {
			t.Errorf("asks %v for %v", s[0].Server, s[0].Requested)
		}
		checkWait(t, w.m.Deadline().Sub(w.now), want*time.Second)
		acts = w.fire()
	}
	if got := show(acts); got != "Report DISCOVER" || w.m.XID() == xid {
		t.Errorf("then: %s, xid %d", got, w.m.XID())
	}
}

// Two messages without an answer: it may have got lost as a unicast.
func TestRequestForABroadcast(t *testing.T) {
	for discovers, want := range map[int]string{0: "false false true true", 1: "false false true true", 2: "true true true true"} {
		w := newWorld(t, lease4.Config{})
		w.step(lease4.Started{})
		for range discovers {
			w.fire()
		}
		var got []string
		for acts := w.reply(dhcp4.Offer); w.m.State() == lease4.Requesting; acts = w.fire() {
			got = append(got, fmt.Sprint(sent(acts)[0].Broadcast))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("after %d: REQUESTs ask for a broadcast: %s, want %s", discovers, text, want)
		}
	}
}

// extensions lets a lease of some seconds run out at a mute network and tells
// when there were REQUESTs, in seconds from its start.
func extensions(t *testing.T, secs uint32) string {
	w := newWorld(t, lease4.Config{}).bind(life(secs))
	var out []string
	for w.m.State() != lease4.Selecting && !t.Failed() { // else it might not end
		before := w.m.State()
		s := sent(w.fire())
		if w.m.State() != before && w.m.State() != lease4.Selecting {
			out = append(out, w.m.State().String())
		}
		if len(s) != 1 || s[0].XID != w.m.XID() {
			t.Fatalf("%v: sent %+v", w.m.State(), s)
		}
		if w.held != nil {
			out = append(out, fmt.Sprint(w.now.Sub(boot).Seconds()))
		}
	}
	if w.now != boot.Add(time.Duration(secs)*time.Second) {
		t.Errorf("lease of %d s ended after %s", secs, w.now.Sub(boot))
	}
	return strings.Join(out, " ")
}

func TestExtendSchedule(t *testing.T) {
	for secs, want := range map[uint32]string{
		1:   "RENEWING 0.5 REBINDING 0.875",
		2:   "RENEWING 1 REBINDING 1.75",
		5:   "RENEWING 2.5 3.5 REBINDING 4.375",
		20:  "RENEWING 10 13.75 15.625 16.625 REBINDING 17.5 18.75 19.75",
		600: "RENEWING 300 412.5 472.5 REBINDING 525 585",
		// The RFC's own schedule, at least 60 s apart.
		3600:  "RENEWING 1800 2475 2812.5 2981.25 3065.625 3125.625 REBINDING 3150 3375 3487.5 3547.5",
		86400: "",
	} {
		got := extensions(t, secs)
		if want != "" && got != want {
			t.Errorf("%d s: %s, want %s", secs, got, want)
		}
		if n := strings.Count(got, " "); n > 40 {
			t.Errorf("%d s: %d REQUESTs", secs, n)
		}
	}
}

// NAK after NAK: three times none, then 1, 2, 4 … 60 s between them, until there was a lease.
func TestNakPauses(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	for _, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60} {
		w.reply(dhcp4.Offer)
		w.reply(dhcp4.Nak)
		if want > 0 {
			if got := w.m.Deadline().Sub(w.now); w.m.State() != lease4.Init || got != want*time.Second {
				t.Errorf("%v for %s, want INIT for %ds", w.m.State(), got, want)
			}
			w.fire()
		}
		if w.m.State() != lease4.Selecting {
			t.Fatalf("state %v, want SELECTING", w.m.State())
		}
	}
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack)
	w.fire()
	w.reply(dhcp4.Nak)
	if w.m.State() != lease4.Selecting {
		t.Errorf("after a lease: state %v, want SELECTING", w.m.State())
	}
}
