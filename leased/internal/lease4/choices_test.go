// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 4039 §3.1: an ACK in SELECTING counts if we asked for it and if it says that
// it is one; the lease counts from the first DISCOVER.
func TestRapidCommit(t *testing.T) {
	w := newWorld(t, lease4.Config{RapidCommit: true})
	if s := sent(w.step(lease4.Started{})); !s[0].RapidCommit {
		t.Error("not asked for")
	}
	if s := sent(w.fire()); !s[0].RapidCommit {
		t.Error("not asked for again")
	}
	if got := show(w.reply(dhcp4.Ack)); got != "Report" || w.m.State() != lease4.Selecting {
		t.Errorf("ACK without option 80: %s", got)
	}
	if got := show(w.reply(dhcp4.Ack, rapid, from(none))); got != "Report" {
		t.Errorf("ACK without server: %s", got)
	}
	if got := show(w.reply(dhcp4.Ack, rapid, from(rival))); got != "Bind Announce" {
		t.Errorf("ACK: %s", got)
	}
	if l, _ := w.m.Lease(); l.Start != boot || w.now == boot {
		t.Errorf("lease from %s after the first DISCOVER", l.Start.Sub(boot))
	}
}

// A server may answer with an OFFER all the same, even one with option 80.
func TestRapidCommitOffer(t *testing.T) {
	w := newWorld(t, lease4.Config{RapidCommit: true})
	w.step(lease4.Started{})
	w.now += 1e8
	s := sent(w.reply(dhcp4.Offer, rapid))
	if len(s) != 1 || s[0].Type != dhcp4.Request || s[0].RapidCommit {
		t.Errorf("sent %+v", s)
	}
	w.reply(dhcp4.Ack)
	if l, _ := w.m.Lease(); l.Start != w.now {
		t.Errorf("lease from %s after boot, not from the REQUEST", l.Start.Sub(boot))
	}
}

func TestRapidCommitNotAskedFor(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	if s := sent(w.step(lease4.Started{})); s[0].RapidCommit {
		t.Error("asked for")
	}
	if got := show(w.reply(dhcp4.Ack, rapid)); got != "Report" || w.m.State() != lease4.Selecting {
		t.Errorf("ACK: %s", got)
	}
}

// A server that was away for longer than its leases last: counted from the first
// DISCOVER the lease is over, so ask anew.
func TestRapidCommitStale(t *testing.T) {
	w := newWorld(t, lease4.Config{RapidCommit: true})
	w.step(lease4.Started{})
	w.at(time.Hour).fire()
	if got := show(w.reply(dhcp4.Ack, rapid, life(600))); got != "Report DISCOVER" {
		t.Errorf("got %s", got)
	}
	if got := show(w.reply(dhcp4.Ack, rapid, life(600))); got != "Bind Announce" {
		t.Errorf("then: %s", got)
	}
}

// RFC 8925 §3.2: no REQUEST, and silence for as long as the network says, but at
// least 300 s; no address need be offered.
func TestV6OnlyPreferred(t *testing.T) {
	for secs, want := range map[uint32]time.Duration{0: 300 * time.Second, 299: 300 * time.Second, 1800: 30 * time.Minute, 1<<32 - 1: (1<<32 - 1) * time.Second} {
		w := newWorld(t, lease4.Config{V6Only: true})
		if s := sent(w.step(lease4.Started{})); !s[0].V6Only {
			t.Error("not asked for")
		}
		if got := show(w.reply(dhcp4.Offer, your(none), v6only(secs))); got != "Report" || w.m.State() != lease4.Init {
			t.Errorf("%v: %s", w.m.State(), got)
		}
		if got := w.m.Deadline().Sub(w.now); got != want {
			t.Errorf("%d s: waits %s, want %s", secs, got, want)
		}
		if !w.m.Forgoes() {
			t.Error("and does not know why it waits")
		}
		if got := show(w.fire()); got != "DISCOVER" || w.m.Forgoes() {
			t.Errorf("then: %s", got)
		}
	}
}

// An ACK may say it too: to INIT-REBOOT, where no OFFER could, and then what is
// remembered is not used either. A lease in use is renewed all the same.
func TestV6OnlyPreferredACK(t *testing.T) {
	cfg := lease4.Config{V6Only: true}
	w := newWorld(t, cfg)
	if s := sent(w.reboot()); !s[0].V6Only {
		t.Error("not asked for")
	}
	if got := show(w.reply(dhcp4.Ack, v6only(0))); got != "Report" || w.m.Deadline() != boot.Add(300*time.Second) {
		t.Errorf("REBOOTING: %s", got)
	}
	if got := show(w.step(lease4.TimedOut{})); got != "" {
		t.Errorf("TimedOut: %s", got)
	}
	w = requesting(t, cfg)
	if got := show(w.reply(dhcp4.Ack, v6only(0))); got != "Report" || w.m.State() != lease4.Init {
		t.Errorf("REQUESTING: %v: %s", w.m.State(), got)
	}
	w = newWorld(t, cfg).bind()
	if s := sent(w.fire()); !s[0].V6Only {
		t.Error("not asked for in RENEWING")
	}
	if got := show(w.reply(dhcp4.Ack, v6only(0))); got != "Bind" {
		t.Errorf("RENEWING: %s", got)
	}
}

func TestV6OnlyNotAskedFor(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	if s := sent(w.step(lease4.Started{})); s[0].V6Only {
		t.Error("asked for")
	}
	if got := show(w.reply(dhcp4.Offer, v6only(600))); got != "REQUEST,r,s" {
		t.Errorf("got %s", got)
	}
	w = newWorld(t, lease4.Config{V6Only: true})
	w.step(lease4.Started{})
	if got := show(w.reply(dhcp4.Offer, v6only(600), from(none))); got != "Report" || w.m.State() != lease4.Selecting {
		t.Errorf("from nobody: %v: %s", w.m.State(), got)
	}
}

// A server that is not on the list is none: not its OFFER, its ACK, nor its NAK.
func TestServersOfTheList(t *testing.T) {
	w := newWorld(t, lease4.Config{Servers: []netip.Prefix{netip.PrefixFrom(server, 32)}})
	w.step(lease4.Started{})
	for _, from := range []func(*dhcp4.Reply){from(rival), from(none)} {
		if got := show(w.reply(dhcp4.Offer, from)); got != "Report" {
			t.Errorf("OFFER: %s", got)
		}
	}
	if got := show(w.reply(dhcp4.Offer)); got != "REQUEST,r,s" {
		t.Errorf("OFFER: %s", got)
	}
	if got := show(w.reply(dhcp4.Nak, from(rival))); got != "Report" {
		t.Errorf("NAK: %s", got)
	}
	if got := show(w.reply(dhcp4.Ack)); got != "Bind Announce" {
		t.Errorf("ACK: %s", got)
	}
}
