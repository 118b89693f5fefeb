// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 5227 §2.1.1: after 0–1 s three probes 1–2 s apart, and 2 s later the address
// is used; all random, and nobody listens to DHCP meanwhile.
func TestFullCheckSchedule(t *testing.T) {
	var first, between []time.Duration
	for seed := range uint64(200) {
		w := requesting(t, lease4.Config{Check: lease4.CheckFull, Rand: rand.New(rand.NewPCG(seed, 9)).Uint64})
		if w.m.Watching().IsValid() {
			t.Errorf("REQUESTING: watches %v", w.m.Watching())
		}
		if got := show(w.reply(dhcp4.Ack)); got != "" || w.m.State() != lease4.Probing || w.m.Watching() != client {
			t.Fatalf("%v: %s", w.m.State(), got)
		}
		first = append(first, w.m.Deadline().Sub(w.now))
		for range 3 {
			if got := show(w.tick()); got != "Probe" || w.m.Watching() != client {
				t.Fatalf("got %s, watches %v", got, w.m.Watching())
			}
			between = append(between, w.m.Deadline().Sub(w.now))
		}
		if last := between[len(between)-1]; last != 2*time.Second {
			t.Errorf("used %s after the last probe", last)
		}
		between = between[:len(between)-1]
		if got := show(w.tick()); got != "Bind Announce" || w.m.Watching().IsValid() {
			t.Fatalf("got %s, watches %v", got, w.m.Watching())
		}
		if l, _ := w.m.Lease(); l.Start != boot {
			t.Errorf("lease from %s after boot", l.Start.Sub(boot))
		}
	}
	within(t, "before the first probe", first, 0, time.Second)
	within(t, "between two", between, time.Second, 2*time.Second)
}

// within wants all of ds within lo and hi, and both ends nearly reached.
func within(t *testing.T, what string, ds []time.Duration, lo, hi time.Duration) {
	t.Helper()
	low, high := false, false
	for _, d := range ds {
		if d < lo || d > hi {
			t.Errorf("%s: %s", what, d)
		}
		low, high = low || d < lo+50*time.Millisecond, high || d > hi-50*time.Millisecond
	}
	if !low || !high {
		t.Errorf("%s: not all of %s to %s", what, lo, hi)
	}
}

// A conflict ends PROBING with a DECLINE, and the address is never used.
func TestFullCheckConflict(t *testing.T) {
	for probes := range 4 {
		w := requesting(t, lease4.Config{Check: lease4.CheckFull})
		w.reply(dhcp4.Ack)
		for range probes {
			w.tick()
		}
		if got := show(w.conflict()); got != "Report DECLINE,r,s DISCOVER" {
			t.Errorf("after %d probes: %s", probes, got)
		}
	}
}

func TestFullCheckOfReboot(t *testing.T) {
	w := newWorld(t, lease4.Config{Check: lease4.CheckFull})
	if got := show(w.reboot()); got != "REQUEST,r" {
		t.Errorf("got %s", got)
	}
	if w.reply(dhcp4.Ack); w.m.State() != lease4.Probing {
		t.Errorf("state %v", w.m.State())
	}
}

// A renewal of the same address is not probed; another address is, and the one
// before is the server's again.
func TestFullCheckOfRenewal(t *testing.T) {
	w := requesting(t, lease4.Config{Check: lease4.CheckFull})
	w.reply(dhcp4.Ack)
	for w.m.State() == lease4.Probing {
		w.tick()
	}
	w.fire()
	if got := show(w.reply(dhcp4.Ack)); got != "Bind" {
		t.Errorf("same address: %s", got)
	}
	w.fire()
	if got := show(w.reply(dhcp4.Ack, your(other))); got != "Unbind" || w.m.State() != lease4.Probing || w.m.Watching() != other {
		t.Errorf("another: %v: %s, watches %v", w.m.State(), got, w.m.Watching())
	}
}

// A lease of seconds may be over, or due for renewal, when its address is probed.
func TestFullCheckOfShortLease(t *testing.T) {
	w := requesting(t, lease4.Config{Check: lease4.CheckFull})
	w.reply(dhcp4.Ack, life(3))
	var got string
	for w.m.State() == lease4.Probing {
		got = show(w.tick())
	}
	if got != "Report DISCOVER" {
		t.Errorf("3 s: %s after %s", got, w.now.Sub(boot))
	}
	w = requesting(t, lease4.Config{Check: lease4.CheckFull})
	w.reply(dhcp4.Ack, life(6))
	for w.m.State() == lease4.Probing {
		got = show(w.tick())
	}
	if got != "Bind Announce REQUEST,c,>" {
		t.Errorf("6 s: %s after %s", got, w.now.Sub(boot))
	}
}

// In PROBING the lease is ours already: it is known, and released.
func TestReleaseInProbing(t *testing.T) {
	w := requesting(t, lease4.Config{Check: lease4.CheckFull})
	w.reply(dhcp4.Ack)
	if l, ok := w.m.Known(w.now); !ok || l.Addr.Addr() != client {
		t.Errorf("knows %v", l)
	}
	if _, ok := w.m.Lease(); ok {
		t.Error("uses it")
	}
	if got := show(w.step(lease4.ReleaseRequested{})); got != "RELEASE,c,s,>" {
		t.Errorf("got %s", got)
	}
}
