// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 2131 §4.3.2, INIT-REBOOT: option 50, neither 54 nor ciaddr, to all.
func TestInitRebootRequest(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	s := sent(w.reboot())
	if len(s) != 1 || s[0].Type != dhcp4.Request || s[0].Requested != client || s[0].Server.IsValid() || s[0].Client.IsValid() || s[0].To.IsValid() {
		t.Fatalf("sent %+v", s)
	}
	if w.m.State() != lease4.Rebooting || w.m.XID() != s[0].XID || w.m.Deadline() != boot.Add(250*time.Millisecond) {
		t.Errorf("%v until %s after boot", w.m.State(), w.m.Deadline().Sub(boot))
	}
}

// Where everybody asks at once a server takes its time.
func TestInitRebootInACrowd(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{Remembered: remembered, Crowd: true})
	if w.m.State() != lease4.Rebooting || w.m.Deadline() != boot.Add(time.Second) {
		t.Errorf("%v until %s after boot", w.m.State(), w.m.Deadline().Sub(boot))
	}
}

// Any server may confirm the address, and the ACK's options count, not what is
// remembered.
func TestInitRebootACK(t *testing.T) {
	for _, addr := range []netip.Addr{client, other} { // another one is granted as well
		w := newWorld(t, lease4.Config{})
		w.reboot(func(l *lease4.Lease) { l.Domain = "old.net" })
		w.at(100 * time.Millisecond)
		if got := show(w.reply(dhcp4.Ack, from(rival), your(addr))); got != "Bind Announce" {
			t.Errorf("ACK of %v: %s", addr, got)
		}
		l, _ := w.m.Lease()
		if l.Addr.Addr() != addr || l.Server != rival || l.Start != boot || l.Domain != "" || l.Expiry != boot.Add(1000*time.Second) {
			t.Errorf("lease %+v", l)
		}
	}
}

func TestInitRebootNAK(t *testing.T) {
	for requested, hint := range map[netip.Addr]netip.Addr{none: none, client: client} {
		w := newWorld(t, lease4.Config{Requested: requested})
		w.reboot()
		acts := w.reply(dhcp4.Nak, your(none))
		if got := show(acts[:1]); got != "Report" || w.m.State() != lease4.Selecting || w.now != boot {
			t.Fatalf("%v: %s", w.m.State(), show(acts))
		}
		if s := sent(acts)[0]; s.Type != dhcp4.Discover || s.Requested != hint {
			t.Errorf("requested %v: %v for %v", requested, s.Type, s.Requested)
		}
		if l, ok := w.m.Known(w.now); ok {
			t.Errorf("knows %v, which was refused", l.Addr)
		}
		if got := show(w.step(lease4.TimedOut{})); got != "" {
			t.Errorf("then uses it: %s", got)
		}
	}
}

// A server that shares the range refuses what is not its own, and is faster than the lease's server.
// Where that one keeps silent the NAK counts.
func TestNAKOfAnotherServerWaits(t *testing.T) {
	for name, reach := range map[string]func(w *world){
		"REBOOTING": func(w *world) { w.reboot() },
		"REBINDING": func(w *world) { w.bind().calm().at(875 * time.Second).fire() },
	} {
		w := newWorld(t, lease4.Config{})
		reach(w)
		began := w.now
		if got := show(w.reply(dhcp4.Nak, your(none), from(rival))); got != "" {
			t.Errorf("%s: NAK: %s", name, got)
		}
		w.now = began.Add(50 * time.Millisecond)
		w.reply(dhcp4.Nak, your(none), from(rival)) // again: no more time
		if w.reply(dhcp4.Ack); w.m.State() != lease4.Bound {
			t.Errorf("%s: %v after the ACK", name, w.m.State())
		}
		if w.fire(); w.m.State() != lease4.Renewing {
			t.Errorf("%s: the NAK counted later: %v", name, w.m.State())
		}

		w = newWorld(t, lease4.Config{})
		reach(w)
		began = w.now
		w.reply(dhcp4.Nak, your(none), from(rival))
		acts := w.fire()
		if r, ok := acts[0].(lease4.Report); !ok || w.m.State() != lease4.Selecting || w.now.Sub(began) != 100*time.Millisecond || !strings.Contains(r.Detail, rival.String()) {
			t.Errorf("%s: after %s %v: %s", name, w.now.Sub(began), w.m.State(), show(acts))
		}
		if _, ok := w.m.Known(w.now); ok {
			t.Errorf("%s: knows what was refused", name)
		}

		w = newWorld(t, lease4.Config{})
		reach(w)
		w.reply(dhcp4.Nak, your(none), from(rival))
		if w.reply(dhcp4.Nak, your(none)); w.m.State() != lease4.Selecting {
			t.Errorf("%s: the lease's own server refuses, too: %v", name, w.m.State())
		}
	}
}

// Silence is a server that forgot and is not authoritative: DISCOVER of the same
// address after a quarter of a second.
func TestInitRebootSilence(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot()
	xid := w.m.XID()
	s := sent(w.fire())
	if len(s) != 1 || s[0].Type != dhcp4.Discover || s[0].Requested != client || w.now != boot.Add(250*time.Millisecond) {
		t.Errorf("%s after boot: %+v", w.now.Sub(boot), s)
	}
	if l, ok := w.m.Known(w.now); !ok || l.Addr.Addr() != client || w.m.XID() == xid {
		t.Errorf("knows %v, %v; xid %d after %d", l, ok, w.m.XID(), xid)
	}
}

// A lease that is over by our own count may be asked for, but not used.
func TestInitRebootExpired(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	if got := show(w.reboot(func(l *lease4.Lease) { l.Expiry = boot })); got != "REQUEST,r" {
		t.Errorf("got %s", got)
	}
	if l, ok := w.m.Known(w.now); ok {
		t.Errorf("knows %v", l.Addr)
	}
	if got := show(w.step(lease4.TimedOut{})); got != "" {
		t.Errorf("TimedOut: %s", got)
	}
	if got := show(w.step(lease4.ReleaseRequested{})); got != "" {
		t.Errorf("released by %s", got)
	}
}

// What is remembered is not used where another address is asked for, and not where
// it makes no sense.
func TestInitRebootNotWanted(t *testing.T) {
	spoil := map[string]func(*lease4.Lease){
		"no address": func(l *lease4.Lease) { l.Addr = netip.Prefix{} },
		"loopback":   func(l *lease4.Lease) { l.Addr = netip.MustParsePrefix("127.0.0.1/8") },
		"IPv6":       func(l *lease4.Lease) { l.Addr = netip.MustParsePrefix("2001:db8::1/64") },
		"no server":  func(l *lease4.Lease) { l.Server = none },
	}
	for name, f := range spoil {
		w := newWorld(t, lease4.Config{})
		if got := show(w.reboot(f)); got != "DISCOVER" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, require := range []bool{false, true} {
		w := newWorld(t, lease4.Config{Requested: other, Require: require})
		if s := sent(w.reboot())[0]; s.Type != dhcp4.Discover || s.Requested != other {
			t.Errorf("%v of %v", s.Type, s.Requested)
		}
		if got := show(w.step(lease4.TimedOut{})); got != "" {
			t.Errorf("TimedOut: %s", got)
		}
	}
}

// A server that holds a lease for us is told that we need it no more, whether we
// have used it or not.
func TestReleaseOfKnownLease(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.reboot()
	w.fire()
	s := sent(w.step(lease4.ReleaseRequested{}))
	if len(s) != 1 || s[0].Type != dhcp4.Release || s[0].Client != client || s[0].Server != server || s[0].To != server {
		t.Errorf("sent %+v", s)
	}
	w = newWorld(t, lease4.Config{})
	w.reboot()
	w.fire()
	w.reply(dhcp4.Offer, your(other))
	w.reply(dhcp4.Ack, your(other)) // replaces what was known
	if l, _ := w.m.Known(w.now); l.Addr.Addr() != other {
		t.Errorf("knows %v", l.Addr)
	}
}
