// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 2131 §3.2: with no answer, the remembered lease for the rest of its time.
func TestMayContinueToUse(t *testing.T) {
	for _, state := range []string{"REBOOTING", "SELECTING, known", "REQUESTING, known", "PAUSING, known"} {
		w := newWorld(t, lease4.Config{})
		reach[state](w)
		acts := w.step(lease4.TimedOut{})
		if got := show(acts); got != "Bind Announce REQUEST,c" || w.m.State() != lease4.Rebinding {
			t.Fatalf("%s: %v: %s", state, w.m.State(), got)
		}
		if b := acts[0].(lease4.Bind).Lease; b.Addr != remembered.Addr || b.Expiry != remembered.Expiry || b.Start != remembered.Start {
			t.Errorf("%s: bound %+v", state, b)
		}
	}
}

// A router that comes back after a power cut is noticed within about a minute, and
// at the end of the lease the address is not used any more.
func TestUnconfirmedSchedule(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot()
	w.step(lease4.TimedOut{})
	xid := w.m.XID()
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 64, 64} {
		asked := w.now
		if s := sent(w.fire()); len(s) != 1 || s[0].XID != xid || s[0].Client != client || s[0].To.IsValid() {
			t.Fatalf("sent %+v", s)
		}
		checkWait(t, w.now.Sub(asked), want*time.Second)
	}
	for w.m.State() == lease4.Rebinding {
		w.fire()
	}
	if w.now != remembered.Expiry || w.held != nil || w.m.State() != lease4.Selecting {
		t.Errorf("%v at %s after boot", w.m.State(), w.now.Sub(boot))
	}
}

// Whoever answers decides; once confirmed it is a lease as any other.
func TestUnconfirmedAnswer(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot()
	w.step(lease4.TimedOut{})
	w.at(10 * time.Second).fire()
	if got := show(w.reply(dhcp4.Ack, from(rival))); got != "Bind" || w.m.State() != lease4.Bound {
		t.Errorf("ACK: %v: %s", w.m.State(), got)
	}
	if got := w.at(900 * time.Second).fire(); show(got) != "REQUEST,c" || w.m.Deadline().Sub(w.now) < 30*time.Second {
		t.Errorf("REBINDING of a confirmed lease asks again after %s", w.m.Deadline().Sub(w.now))
	}
	w = newWorld(t, lease4.Config{})
	w.reboot()
	w.step(lease4.TimedOut{})
	w.reply(dhcp4.Nak, your(none), from(rival))
	if got := show(w.fire()); got != "Report Unbind DISCOVER,r" {
		t.Errorf("NAK: %s", got)
	}
	if l, ok := w.m.Known(w.now); ok {
		t.Errorf("knows %v, which was refused", l.Addr)
	}
}

func TestMayContinueToUseInfinite(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot(func(l *lease4.Lease) { l.T1, l.T2, l.Expiry = clock.Never, clock.Never, clock.Never })
	w.step(lease4.TimedOut{})
	for range 20 {
		if got := show(w.fire()); got != "REQUEST,c" {
			t.Fatalf("got %s", got)
		}
	}
}

// Whatever the disk says, what is bound is in order, and over when it is over.
func TestRememberedInDisorder(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot(func(l *lease4.Lease) {
		l.Start, l.T1, l.T2, l.Expiry = clock.Never, 7, clock.Never, boot.Add(time.Minute)
	})
	if got := show(w.step(lease4.TimedOut{})); got != "Bind Announce REQUEST,c" {
		t.Errorf("got %s", got) // world looks at the order
	}
	if got := show(w.at(time.Minute).step(lease4.TimerFired{})); got != "Unbind DISCOVER,r" {
		t.Errorf("at its end: %s", got)
	}
}

// A NAK of another address says nothing about the remembered one.
func TestNakOfAnotherAddress(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot()
	w.fire()
	w.reply(dhcp4.Offer, your(other))
	w.reply(dhcp4.Nak, your(none))
	if _, ok := w.m.Known(w.now); !ok {
		t.Error("forgot the remembered lease")
	}
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Nak, your(none))
	if _, ok := w.m.Known(w.now); ok {
		t.Error("knows what was refused")
	}
}
