// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

var quick = lease4.Config{Check: lease4.CheckQuick}

// requesting leads a new machine to REQUESTING.
func requesting(t *testing.T, cfg lease4.Config) *world {
	w := newWorld(t, cfg)
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer)
	return w
}

// The probe goes out right behind the REQUEST; nobody waits for it beyond the ACK.
func TestQuickCheckProbes(t *testing.T) {
	w := newWorld(t, quick)
	w.step(lease4.Started{})
	if got := show(w.reply(dhcp4.Offer)); got != "Probe REQUEST,r,s" || w.m.Watching() != client {
		t.Errorf("OFFER: %s, watching %v", got, w.m.Watching())
	}
	w.at(300 * time.Millisecond)
	if got := show(w.reply(dhcp4.Ack)); got != "Bind Announce" || w.m.Watching() != client {
		t.Errorf("ACK: %s, watching %v", got, w.m.Watching())
	}
	if acts := w.tick(); len(acts) != 0 || w.now != boot.Add(800*time.Millisecond) || w.m.Watching().IsValid() || w.m.State() != lease4.Bound {
		t.Errorf("%s after boot: %s, watching %v", w.now.Sub(boot), show(acts), w.m.Watching())
	}
	w = newWorld(t, quick)
	if got := show(w.reboot()); got != "Probe REQUEST,r" || w.m.Watching() != client {
		t.Errorf("INIT-REBOOT: %s, watching %v", got, w.m.Watching())
	}
	if w.fire(); w.m.Watching().IsValid() {
		t.Errorf("SELECTING: watching %v", w.m.Watching())
	}
}

// An address that no REQUEST has named is probed when it is bound.
func TestQuickCheckProbesLate(t *testing.T) {
	w := newWorld(t, lease4.Config{Check: lease4.CheckQuick, RapidCommit: true})
	w.step(lease4.Started{})
	if got := show(w.reply(dhcp4.Ack, rapid)); got != "Bind Probe Announce" {
		t.Errorf("rapid commit: %s", got)
	}
	w.fire()
	if got := show(w.reply(dhcp4.Ack)); got != "Bind" {
		t.Errorf("renewal: %s", got)
	}
	w.fire()
	if got := show(w.reply(dhcp4.Ack, your(other))); got != "Bind Probe Announce" || w.m.Watching() != other {
		t.Errorf("renewal with another address: %s, watching %v", got, w.m.Watching())
	}
	for _, c := range []lease4.Check{lease4.CheckQuick, lease4.CheckFull} {
		w = newWorld(t, lease4.Config{Check: c})
		w.reboot()
		w.fire()
		if got := show(w.step(lease4.TimedOut{})); got != "Bind Probe Announce REQUEST,c" || w.m.Watching() != client {
			t.Errorf("TimedOut, %v: %s, watching %v", c, got, w.m.Watching())
		}
	}
}

func TestCheckOff(t *testing.T) {
	for _, c := range []lease4.Check{lease4.CheckOff, 0} {
		w := requesting(t, lease4.Config{Check: c})
		if got := show(w.reply(dhcp4.Ack)); got != "Bind Announce" || w.m.Watching().IsValid() {
			t.Errorf("%v: %s, watching %v", c, got, w.m.Watching())
		}
		if got := show(w.step(lease4.ConflictFound{Addr: client, MAC: foe, Decline: true})); got != "" {
			t.Errorf("%v: conflict: %s", c, got)
		}
	}
}

// A conflict that is found before the ACK is acted on at the ACK, since some
// servers ignore a DECLINE that no REQUEST came before; the address is never used.
func TestDeclineAfterACK(t *testing.T) {
	w := requesting(t, quick)
	if got := show(w.conflict()); got != "Report" || w.m.State() != lease4.Requesting {
		t.Errorf("%v: %s", w.m.State(), got)
	}
	if got := show(w.conflict()); got != "" { // its next frame
		t.Errorf("again: %s", got)
	}
	xid := w.m.XID()
	acts := w.reply(dhcp4.Ack)
	if got := show(acts); got != "DECLINE,r,s DISCOVER" {
		t.Fatalf("ACK: %s", got)
	}
	s := sent(acts)
	if d := s[0]; d.Requested != client || d.Server != server || d.XID == xid || d.XID == s[1].XID || d.Text != "address is in use by 02:00:00:00:00:ee" {
		t.Errorf("DECLINE %+v", d)
	}
}

// What was found of the address of the OFFER says nothing about another one that
// the ACK gives.
func TestConflictOfAnotherAddress(t *testing.T) {
	w := requesting(t, quick)
	w.conflict()
	if got := show(w.reply(dhcp4.Ack, your(other))); got != "Bind Probe Announce" || w.m.Watching() != other {
		t.Errorf("got %s, watches %v", got, w.m.Watching())
	}
}

// A conflict within a second of the ACK is acted on at once.
func TestDeclineWhenBound(t *testing.T) {
	w := newWorld(t, quick)
	w.step(lease4.Started{})
	w.at(10 * time.Second).reply(dhcp4.Offer)
	w.reply(dhcp4.Ack)
	acts := w.conflict()
	if got := show(acts); got != "Report DECLINE,r,s Unbind DISCOVER" {
		t.Errorf("got %s", got)
	}
	if s := sent(acts)[1]; s.Secs != 1 { // it is a new acquisition
		t.Errorf("DISCOVER has secs %d", s.Secs)
	}
	w = newWorld(t, quick).bind()
	w.tick()
	if got := show(w.step(lease4.ConflictFound{Addr: client, MAC: foe, Decline: true})); got != "" {
		t.Errorf("after the watch: %s", got)
	}
}

// Where the caller's limits do not allow a DECLINE, or where no server has been
// heard, there is none, and its absence is reported.
func TestNoDecline(t *testing.T) {
	w := newWorld(t, quick).bind()
	if got := show(w.conflict(func(c *lease4.ConflictFound) { c.Decline = false })); got != "Report Report Unbind DISCOVER" {
		t.Errorf("not allowed: %s", got)
	}
	w = newWorld(t, quick)
	w.reboot()
	w.step(lease4.TimedOut{})
	if got := show(w.conflict()); got != "Report Report Unbind DISCOVER" {
		t.Errorf("unconfirmed: %s", got)
	}
	w = newWorld(t, quick)
	w.reboot()
	w.conflict()
	if got := show(w.fire()); got != "DISCOVER" {
		t.Errorf("no ACK: %s", got)
	}
	if l, ok := w.m.Known(w.now); ok {
		t.Errorf("knows %v, which is somebody else's", l.Addr)
	}
}

// That no server had confirmed the former lease does not matter for the next one.
func TestDeclineAfterUnconfirmed(t *testing.T) {
	w := newWorld(t, lease4.Config{Check: lease4.CheckFull})
	w.reboot()
	w.step(lease4.TimedOut{})
	w.reply(dhcp4.Nak, your(none))
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack)
	if got := show(w.conflict()); got != "Report DECLINE,r,s DISCOVER" {
		t.Errorf("got %s", got)
	}
}

// The first conflict: DISCOVER at once. Then 10 s (RFC 2131 §3.1(5)), after ten of
// them 60 s (RFC 5227 §2.1.1), until nobody disturbs a lease.
func TestDeclineWaits(t *testing.T) {
	w := newWorld(t, quick)
	w.step(lease4.Started{})
	for n := 1; n <= 13; n++ {
		w.reply(dhcp4.Offer)
		w.reply(dhcp4.Ack)
		w.conflict()
		want := 10 * time.Second
		switch {
		case n == 1:
			if w.m.State() != lease4.Selecting {
				t.Fatalf("first: %v", w.m.State())
			}
			continue
		case n > 10:
			want = time.Minute
		}
		if got := w.m.Deadline().Sub(w.now); w.m.State() != lease4.Init || got != want {
			t.Errorf("conflict %d: %v for %s, want INIT for %s", n, w.m.State(), got, want)
		}
		if got := show(w.fire()); got != "DISCOVER" {
			t.Errorf("conflict %d: then %s", n, got)
		}
	}
	w.reply(dhcp4.Offer)
	w.reply(dhcp4.Ack)
	w.tick() // the end of the watch
	w.fire()
	w.reply(dhcp4.Ack, your(other))
	if w.conflict(); w.m.State() != lease4.Selecting {
		t.Errorf("after an undisturbed lease: %v", w.m.State())
	}
}

// What is declined is not asked for again, unless it must be that one.
func TestDeclinedIsForgotten(t *testing.T) {
	for require, want := range map[bool]netip.Addr{false: none, true: client} {
		w := newWorld(t, lease4.Config{Check: lease4.CheckQuick, Requested: client, Require: require}).bind()
		s := sent(w.conflict())
		if d := s[len(s)-1]; d.Type != dhcp4.Discover || d.Requested != want {
			t.Errorf("require %v: %v of %v, want %v", require, d.Type, d.Requested, want)
		}
		if l, ok := w.m.Known(w.now); ok {
			t.Errorf("knows %v", l.Addr)
		}
	}
	w := newWorld(t, lease4.Config{Check: lease4.CheckQuick, Requested: other}).bind() // offered: client
	if s := sent(w.conflict()); s[len(s)-1].Requested != other {
		t.Errorf("after a lease of another address: asks for %v", s[len(s)-1].Requested)
	}
}

// A host that claims one address after the other does not have a start wait: the caller
// bounds how often it is such a host again.
func TestDeclineOfTheSameHostDoesNotWait(t *testing.T) {
	w := requesting(t, quick)
	w.conflict()
	for i := range 10 {
		if got := show(w.reply(dhcp4.Ack)); got != "DECLINE,r,s DISCOVER" {
			t.Fatalf("conflict %d: %s", i+1, got)
		}
		w.reply(dhcp4.Offer)
		w.conflict(func(c *lease4.ConflictFound) { c.Again = true })
	}
	if got := show(w.reply(dhcp4.Ack)); got != "DECLINE,r,s" || w.m.Deadline() != w.now.Add(time.Minute) {
		t.Errorf("too many: %s", got)
	}
}
