// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 5227 §2.3: two announcements 2 s apart, of an address that is new and
// whatever the check; and the timer for them touches nothing else.
func TestAnnounce(t *testing.T) {
	for _, c := range []lease4.Check{lease4.CheckOff, lease4.CheckQuick} {
		w := newWorld(t, lease4.Config{Check: c}).bind(life(86400))
		w.now += 2e9
		if got := show(w.step(lease4.TimerFired{})); got != "Announce" {
			t.Errorf("%v: after 2 s: %s", c, got)
		}
		if w.m.State() != lease4.Bound || w.m.Deadline() != boot.Add(12*time.Hour) {
			t.Errorf("%v: %v until %s", c, w.m.State(), w.m.Deadline().Sub(boot))
		}
	}
}

func TestAnnounceOnlyNew(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind().calm()
	w.fire()
	if got := show(w.reply(dhcp4.Ack)); got != "Bind" {
		t.Errorf("renewal: %s", got)
	}
	w.fire()
	if got := show(w.reply(dhcp4.Ack, your(other))); got != "Bind Announce" {
		t.Errorf("another address: %s", got)
	}
	w.calm()
	l, _ := w.m.Lease()
	m := lease4.Restore(lease4.Config{Check: lease4.CheckFull, Rand: counter()}, l)
	if d := m.Deadline(); d != l.T1 || m.Watching().IsValid() {
		t.Errorf("restored: deadline %v, watches %v", d, m.Watching())
	}
}

// An address that is gone is not announced any more, and nobody listens for it.
func TestNoSideActionsAfterRelease(t *testing.T) {
	w := newWorld(t, quick).bind()
	w.step(lease4.ReleaseRequested{})
	if w.m.Watching().IsValid() || w.m.Deadline() != clock.Never {
		t.Errorf("watches %v, deadline %v", w.m.Watching(), w.m.Deadline())
	}
	if got := show(w.fire()); got != "" {
		t.Errorf("then: %s", got)
	}
	w = newWorld(t, quick).bind(life(1))
	for w.m.State() != lease4.Selecting {
		w.tick()
	}
	if w.m.Watching().IsValid() {
		t.Errorf("watches %v", w.m.Watching())
	}
	for range 3 {
		if got := show(w.tick()); got != "DISCOVER,r" {
			t.Errorf("after the lease: %s", got)
		}
	}
}

// The watch goes on through a T1 that comes early.
func TestWatchOutlastsT1(t *testing.T) {
	w := newWorld(t, quick)
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer)
	w.at(200 * time.Millisecond)
	w.reply(dhcp4.Ack, life(1)) // T1 500 ms after the REQUEST, the watch 500 ms after the ACK
	if w.tick(); w.m.State() != lease4.Renewing || w.m.Watching() != client {
		t.Fatalf("%v, watches %v", w.m.State(), w.m.Watching())
	}
	if got := show(w.conflict()); got != "Report DECLINE,r,s Unbind DISCOVER" {
		t.Errorf("got %s", got)
	}
}
