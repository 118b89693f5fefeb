// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// A day with a server that does its work: nothing but renewals, each a
// transaction of its own, and the address never let go.
func TestDayOfRenewals(t *testing.T) {
	w := newWorld(t, lease4.Config{Rand: rand.New(rand.NewPCG(3, 4)).Uint64}).bind(life(3600))
	xids := map[uint32]bool{}
	for w.now < boot.Add(24*time.Hour) {
		asked := w.now
		if got := show(w.fire()); got != "REQUEST,c,>" || w.m.State() != lease4.Renewing {
			t.Fatalf("%v: %s", w.m.State(), got)
		}
		if d := w.now.Sub(asked); d < 29*time.Minute || d > 30*time.Minute {
			t.Errorf("renewed after %s", d)
		}
		xids[w.m.XID()] = true
		w.now += 1e6 // the network's time
		if got := show(w.reply(dhcp4.Ack, life(3600))); got != "Bind" {
			t.Fatalf("ACK: %s", got)
		}
	}
	if len(xids) != 48 {
		t.Errorf("%d xids in 48 renewals", len(xids))
	}
}

// T1 of the server's, to the second: what the lab's tests with short leases need.
func TestShortLeaseIsExact(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.bind(func(r *dhcp4.Reply) { r.T1, r.T2, r.HasT1, r.HasT2 = 2, 5, true, true })
	if got := w.m.Deadline().Sub(boot); got != 2*time.Second {
		t.Errorf("T1 after %s, want 2 s", got)
	}
	w.at(5 * time.Second).fire()
	if w.m.State() != lease4.Rebinding {
		t.Errorf("at T2: %v", w.m.State())
	}
}

// RENEWING and REBINDING are two transactions; a retransmission is none.
func TestXIDsOfExtending(t *testing.T) {
	w := newWorld(t, lease4.Config{Rand: func() uint64 { return 7 }}).bind() // a broken source
	w.fire()
	renew := w.m.XID()
	w.fire()
	if w.m.XID() != renew {
		t.Error("retransmission has another xid")
	}
	w.at(900 * time.Second).fire()
	if w.m.State() != lease4.Rebinding || w.m.XID() == renew {
		t.Errorf("%v: xid %d, RENEWING's was %d", w.m.State(), w.m.XID(), renew)
	}
}

// The lease counts from the first REQUEST (RFC 2131 §4.4.1), whenever the ACK comes.
func TestExpiryCountsFromRequest(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.at(10 * time.Second).reply(dhcp4.Offer)
	w.at(11 * time.Second).step(lease4.TimerFired{})
	w.at(13*time.Second).reply(dhcp4.Ack, life(10))
	l, _ := w.m.Lease()
	if l.Start != boot.Add(10*time.Second) || l.Expiry != boot.Add(20*time.Second) {
		t.Errorf("from %s to %s after boot, want 10 s to 20 s", l.Start.Sub(boot), l.Expiry.Sub(boot))
	}
	w.at(15 * time.Second).fire()
	w.at(16 * time.Second).fire()
	w.at(17*time.Second).reply(dhcp4.Ack, life(10))
	if l, _ := w.m.Lease(); l.Start != boot.Add(15*time.Second) {
		t.Errorf("renewed from %s after boot, want 15 s", l.Start.Sub(boot))
	}
}

// A server that comes back with leases so short that this one is over already,
// counted from our first REQUEST: ask again, and keep the address meanwhile.
func TestStaleAck(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind()
	w.fire()
	old := w.m.XID()
	w.at(800 * time.Second)
	if got := show(w.reply(dhcp4.Ack, life(300))); got != "Report REQUEST,c,>" || w.m.XID() == old {
		t.Fatalf("got %s, xid %d", got, w.m.XID())
	}
	if got := show(w.reply(dhcp4.Ack, life(300))); got != "Bind" {
		t.Errorf("then: %s", got)
	}
	if l, _ := w.m.Lease(); l.Expiry != boot.Add(1100*time.Second) {
		t.Errorf("expiry %s after boot", l.Expiry.Sub(boot))
	}
}

// Another server answers in REBINDING, with another address and router: one
// Bind, which the binding does make-before-break.
func TestRebindElsewhere(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind()
	w.at(900 * time.Second).fire()
	acts := w.reply(dhcp4.Ack, from(rival), your(other), func(r *dhcp4.Reply) {
		r.Mask = 16
		r.Routes = []dhcp4.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: rival}}
	})
	if show(acts) != "Bind Announce" {
		t.Fatalf("got %s", show(acts))
	}
	l, _ := w.m.Lease()
	if l.Addr != netip.MustParsePrefix("192.0.2.10/16") || l.Server != rival || l.Routes[0].Via != rival {
		t.Errorf("lease %+v", l)
	}
	if s := sent(w.fire())[0]; s.To != rival || s.Client != other {
		t.Errorf("renews %s at %s", s.Client, s.To)
	}
}

// After a lease is lost its address is asked for again; what was refused while
// it was only asked for is not.
func TestAsksForOldAddress(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind()
	if s := sent(w.at(2000 * time.Second).step(lease4.TimerFired{})); s[0].Requested != client {
		t.Errorf("DISCOVER after expiry asks for %v", s[0].Requested)
	}
	w.reply(dhcp4.Offer)
	if s := sent(w.reply(dhcp4.Nak)); s[0].Requested.IsValid() {
		t.Errorf("DISCOVER after NAK in REQUESTING asks for %v", s[0].Requested)
	}
	w = newWorld(t, lease4.Config{Requested: other}).bind()
	w.fire()
	if s := sent(w.reply(dhcp4.Nak)); s[0].Requested != client {
		t.Errorf("DISCOVER after NAK in RENEWING asks for %v", s[0].Requested)
	}
	w.reply(dhcp4.Offer)
	if s := sent(w.reply(dhcp4.Ack, your(none), from(rival))); s != nil {
		t.Errorf("sent %+v", s)
	}
}

func TestRestore(t *testing.T) {
	granted := func() lease4.Lease {
		l, _ := newWorld(t, lease4.Config{}).bind().m.Lease()
		return l
	}()
	for after, want := range map[time.Duration]string{
		499: "", 500: "REQUEST,c,>", 700: "REQUEST,c,>", 875: "REQUEST,c", 999: "REQUEST,c",
		1000: "Unbind DISCOVER,r", 1e6: "Unbind DISCOVER,r",
	} {
		m := lease4.Restore(lease4.Config{Rand: counter()}, granted)
		if l, ok := m.Lease(); m.State() != lease4.Bound || !ok || l.Addr != granted.Addr || m.Deadline() != granted.T1 {
			t.Fatalf("restored: %v, %+v", m.State(), l)
		}
		now := boot.Add(after * time.Second)
		if got := show(m.Step(now, lease4.TimerFired{})); got != want {
			t.Errorf("after %d s: %q, want %q", after, got, want)
		}
		if m.Deadline() <= now {
			t.Errorf("after %d s: deadline has passed", after)
		}
	}
	broken := granted
	broken.T1, broken.T2 = clock.Never, clock.Never // of a file that was tampered with
	if m := lease4.Restore(lease4.Config{Rand: counter()}, broken); m.Deadline() != granted.Expiry {
		t.Errorf("deadline %v, want the expiry", m.Deadline())
	}
}

// The server's words reach the operator, and a flood of them does not.
func TestReports(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer)
	acts := w.reply(dhcp4.Nak, func(r *dhcp4.Reply) { r.Text = "wrong net" })
	want := lease4.Report{Msg: "server refused the address", Detail: `192.0.2.1: "wrong net"`}
	if !slices.Contains(acts, lease4.Action(want)) {
		t.Errorf("got %+v, want %+v", acts, want)
	}
	acts = w.reply(dhcp4.Offer, from(none))
	want = lease4.Report{Msg: "OFFER ignored", Detail: "no usable server identifier (address 192.0.2.9, server none)"}
	if !slices.Contains(acts, lease4.Action(want)) {
		t.Errorf("got %+v, want %+v", acts, want)
	}
	n, deadline := 0, w.m.Deadline()
	for range 10000 {
		n += len(w.reply(dhcp4.Offer, from(none)))
	}
	if n > 10 || w.m.Deadline() != deadline {
		t.Errorf("%d reports of 10,000 bad OFFERs, deadline moved by %s", n, w.m.Deadline().Sub(deadline))
	}
	w.reply(dhcp4.Offer) // the next transaction may report again
	w.reply(dhcp4.Nak)
	w.fire()
	if got := show(w.reply(dhcp4.Offer, from(none))); got != "Report" {
		t.Errorf("in the next transaction: %q", got)
	}
}
