// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// RENEW names the server at T1, REBIND none at T2 (RFC 8415 §18.2.4, §18.2.5).
func TestRenewGoesToTheServer(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	s := sent(w.at(400 * time.Second).after(0))
	if len(s) != 1 || s[0].Type != dhcp6.Renew || !bytes.Equal(s[0].Server, server) || !slices.Equal(s[0].Addrs, []netip.Addr{client}) {
		t.Errorf("at T1: %+v", s)
	}
}

func TestRebindGoesToAll(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	for w.m.State() != lease6.Rebinding && !t.Failed() {
		w.fire()
	}
	if w.now != boot.Add(640*time.Second) || w.sent != w.now {
		t.Errorf("REBIND %s after boot", w.now.Sub(boot))
	}
	w.do(w.reply(from(rival)), "Bind,1").state(lease6.Bound)
	if l, _ := w.m.Lease(); !bytes.Equal(l.Server, rival) {
		t.Errorf("server %x", l.Server)
	}
	if s := sent(w.fire()); s[0].Type != dhcp6.Renew || !bytes.Equal(s[0].Server, rival) {
		t.Errorf("then %+v", s)
	}
}

// A day with a server that does its work: nothing but renewals.
func TestDayOfRenewals(t *testing.T) {
	w := newWorld(t, lease6.Config{Rand: rand.New(rand.NewPCG(3, 4)).Uint64}).bind(gives(life(client, 3600, 7200)))
	n := 0
	for ; w.now < boot.Add(24*time.Hour); n++ {
		w.do(w.fire(), "RENEW,s,a")
		w.now += 1e6
		w.do(w.reply(gives(life(client, 3600, 7200))), "Bind,1")
	}
	if n != 48 {
		t.Errorf("%d renewals", n)
	}
}

// Nobody answers: RENEW, REBIND, and at the end of the last address SOLICIT, with
// an Unbind first; of two addresses the first one that ends is bound no more.
func TestLeaseEnds(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(two)
	for len(w.addrs()) == 2 && !t.Failed() { // else it might not end
		w.fire()
	}
	if w.now != boot.Add(1000*time.Second) || !slices.Equal(w.addrs(), []netip.Addr{second}) {
		t.Errorf("%s after boot: %v", w.now.Sub(boot), w.addrs())
	}
	w.state(lease6.Rebinding)
	var acts []lease6.Action
	for w.held != nil && !t.Failed() {
		acts = w.fire()
	}
	w.do(acts, "Unbind SOLICIT,a").state(lease6.Soliciting)
	if w.now != boot.Add(2000*time.Second) {
		t.Errorf("ended %s after boot", w.now.Sub(boot))
	}
}

// RFC 8415 §18.2.10.1: NoBinding is REQUEST to that server, while the address is
// used; what it then gives is all there is.
func TestNoBindingIsRequest(t *testing.T) {
	for _, at := range []time.Duration{400 * time.Second, 640 * time.Second} {
		w := newWorld(t, lease6.Config{}).bind().at(at)
		w.after(0)
		who := server
		if w.m.State() == lease6.Rebinding {
			who = rival
		}
		acts := w.reply(from(who), failsIA(dhcp6.NoBinding))
		w.do(acts, "Report REQUEST,s,a").state(lease6.Requesting)
		if s := sent(acts)[0]; !bytes.Equal(s.Server, who) || s.Addrs[0] != client || len(w.addrs()) != 1 {
			t.Errorf("sent %+v, in use %v", s, w.addrs())
		}
		w.do(w.reply(from(who), gives(life(second, 800, 1000))), "Bind,1")
		if !slices.Equal(w.addrs(), []netip.Addr{second}) {
			t.Errorf("in use %v", w.addrs())
		}
	}
}

// A server that has forgotten everything but its prefix: CONFIRM is answered, RENEW
// is not, and REQUEST mends it.
func TestServerThatForgot(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.do(w.resume(), "CONFIRM,a").do(w.reply(stateless), "Bind,1").do(w.fire(), "RENEW,s,a")
	w.do(w.reply(failsIA(dhcp6.NoBinding)), "Report REQUEST,s,a").do(w.reply(), "Bind,1").state(lease6.Bound)
}

// What a REPLY to RENEW says of each address.
func TestRenewReply(t *testing.T) {
	long := life(second, 3000, 4000)
	for name, c := range map[string]struct {
		change change
		want   string
		state  lease6.State
		left   []netip.Addr
	}{
		"both":                 {two, "Bind,2", lease6.Bound, []netip.Addr{client, second}},
		"one not mentioned":    {gives(long), "Bind,2", lease6.Bound, []netip.Addr{second, client}},
		"one ended":            {gives(long, life(client, 0, 0)), "Bind,1", lease6.Bound, []netip.Addr{second}},
		"one ended, no other":  {gives(life(client, 0, 0)), "Report Bind,1", lease6.Renewing, []netip.Addr{second}},
		"both ended":           {gives(life(client, 0, 0), life(second, 0, 0)), "Unbind SOLICIT", lease6.Soliciting, nil},
		"new one":              {gives(life(other, 10, 20)), "Bind,3", lease6.Bound, []netip.Addr{other, client, second}},
		"preferred > valid":    {gives(life(client, 2, 1)), "Report", lease6.Renewing, []netip.Addr{client, second}},
		"preferred > valid, 0": {gives(life(client, 2, 0)), "Report", lease6.Renewing, []netip.Addr{client, second}},
		"T1 after T2":          {times(9, 8), "Report", lease6.Renewing, []netip.Addr{client, second}},
		"no IA":                {stateless, "Report", lease6.Renewing, []netip.Addr{client, second}},
		"NotOnLink":            {failsIA(dhcp6.NotOnLink), "Report Unbind SOLICIT", lease6.Soliciting, nil},
		"more than we keep": {
			gives(life(other, 10, 20), life(other.Next(), 10, 20), life(other.Next().Next(), 10, 20)), "Bind,4", lease6.Bound,
			[]netip.Addr{other, other.Next(), other.Next().Next(), client},
		},
	} {
		w := newWorld(t, lease6.Config{}).bind(two)
		w.fire()
		w.do(w.reply(c.change), c.want)
		if w.m.State() != c.state || !slices.Equal(w.addrs(), c.left) {
			t.Errorf("%s: %v with %v, want %v with %v", name, w.m.State(), w.addrs(), c.state, c.left)
		}
	}
}

// A REPLY that took longer than it grants: another exchange, and the address is kept.
func TestRenewalIsOverAlready(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind()
	w.fire()
	old := w.m.XID()
	w.at(600*time.Second).do(w.reply(gives(life(client, 100, 100))), "Report RENEW,s,a")
	if w.m.XID() == old {
		t.Error("the same exchange")
	}
	w.do(w.reply(gives(life(client, 100, 200))), "Bind,1")
}

// A restart of the daemon: what was missed is done by the next TimerFired.
func TestRestore(t *testing.T) {
	for at, want := range map[time.Duration]string{
		0: "", 300 * time.Second: "RENEW,s,a", 540 * time.Second: "REBIND,a", 900 * time.Second: "Unbind SOLICIT,a",
	} {
		w := newWorld(t, lease6.Config{}).restore(remembered).state(lease6.Bound).at(at)
		if due := w.m.Deadline() <= w.now; due != (want != "") {
			t.Errorf("%s: due is %v", at, due)
		}
		w.do(w.after(0), want)
	}
}
