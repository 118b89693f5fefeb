// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// RFC 2131 §4.4.5: T1 < T2 < expiry, ½ and ⅞ where the server's make no sense.
func TestRenewalTimes(t *testing.T) {
	const inf, absent = dhcp4.Infinite, math.MaxUint32 - 7
	for _, c := range []struct {
		life, t1, t2 uint32
		want         string
		report       bool
	}{
		{1000, absent, absent, "8m20s 14m35s 16m40s", false},
		{1000, 100, 200, "1m40s 3m20s 16m40s", false},
		{1000, 1, 999, "1s 16m39s 16m40s", false},
		{1000, 0, 0, "8m20s 14m35s 16m40s", true},
		{1000, 0, 200, "8m20s 14m35s 16m40s", true}, // ½ is beyond T2: both
		{1000, 0, 600, "8m20s 10m0s 16m40s", true},
		{1000, 200, 100, "8m20s 14m35s 16m40s", true},
		{1000, 200, 200, "8m20s 14m35s 16m40s", true},
		{1000, 100, 1000, "1m40s 14m35s 16m40s", true},
		{1000, 100, 2000, "1m40s 14m35s 16m40s", true},
		{1000, 1000, 1000, "8m20s 14m35s 16m40s", true},
		{1000, 2000, 1500, "8m20s 14m35s 16m40s", true},
		{1000, inf, inf, "8m20s 14m35s 16m40s", true},
		{1000, 900, absent, "8m20s 14m35s 16m40s", true},
		{1000, absent, 400, "8m20s 14m35s 16m40s", true},
		{0, absent, absent, "8s 14s 16s", false},
		{0, 0, 0, "8s 14s 16s", true}, // lived through as a lease of 16 s
		{1, absent, absent, "500ms 875ms 1s", false},
		{2, 1, absent, "1s 1.75s 2s", false},
		{0x7fffffff, absent, absent, "298261h37m3.5s 521957h49m51.125s 596523h14m7s", false},
		{0xfffffffe, absent, absent, "596523h14m7s 1043915h39m42.25s 1193046h28m14s", false},
		{0xfffffffe, 0xfffffffc, 0xfffffffd, "1193046h28m12s 1193046h28m13s 1193046h28m14s", false},
		{inf, absent, absent, "never never never", false},
		{inf, 10, 20, "never never never", false},
	} {
		w := newWorld(t, lease4.Config{})
		w.step(lease4.Started{})
		w.reply(dhcp4.Offer)
		acts := w.reply(dhcp4.Ack, life(c.life), func(r *dhcp4.Reply) {
			r.T1, r.HasT1, r.T2, r.HasT2 = c.t1, c.t1 != absent, c.t2, c.t2 != absent
			if !r.HasT1 {
				r.T1 = 0
			}
			if !r.HasT2 {
				r.T2 = 0
			}
		})
		l, _ := w.m.Lease()
		if got := after(l.T1) + " " + after(l.T2) + " " + after(l.Expiry); got != c.want {
			t.Errorf("lease %d, T1 %d, T2 %d: got %s, want %s", c.life, c.t1, c.t2, got, c.want)
		}
		if got := strings.Contains(show(acts), "Report"); got != c.report {
			t.Errorf("lease %d, T1 %d, T2 %d: reported: %v", c.life, c.t1, c.t2, got)
		}
	}
}

func after(i clock.Instant) string {
	if i == clock.Never {
		return "never"
	}
	return i.Sub(boot).String()
}

func TestInfiniteLease(t *testing.T) {
	w := newWorld(t, lease4.Config{}).bind(life(dhcp4.Infinite)).calm()
	w.now = clock.Never - 1
	if acts := w.step(lease4.TimerFired{}); len(acts) != 0 || w.m.State() != lease4.Bound || w.m.Deadline() != clock.Never {
		t.Errorf("%v: %s", w.m.State(), show(acts))
	}
	if got := show(w.step(lease4.ReleaseRequested{})); got != "RELEASE,c,s,> Unbind" {
		t.Errorf("released by %s", got)
	}
}

func TestInstant(t *testing.T) {
	for _, i := range []clock.Instant{clock.Never, clock.Never - 1, clock.Never - clock.Instant(time.Second)} {
		if got := i.Add(time.Second); got != clock.Never {
			t.Errorf("%d plus a second is %d", i, got)
		}
	}
	if got := clock.Instant(1).Add(2); got != 3 {
		t.Errorf("1+2 is %d", got)
	}
}

// Each OFFER and each ACK that cannot be used, and what is said about it.
func TestUnfit(t *testing.T) {
	mask := func(bits int) func(*dhcp4.Reply) { return func(r *dhcp4.Reply) { r.Mask = bits } }
	ip := func(s string) func(*dhcp4.Reply) { return your(netip.MustParseAddr(s)) }
	for name, c := range map[string]struct {
		change []func(*dhcp4.Reply)
		why    string // "": it can be used
	}{
		"as it is":              {nil, ""},
		"no address":            {ch(your(none)), "no host's"},
		"broadcast":             {ch(ip("255.255.255.255")), "no host's"},
		"loopback":              {ch(ip("127.0.0.1")), "no host's"},
		"multicast":             {ch(ip("224.0.0.9")), "no host's"},
		"class E":               {ch(ip("240.0.0.9"), mask(24)), ""},
		"zero net":              {ch(ip("0.0.0.9")), "no host's"},
		"subnet's own":          {ch(ip("192.0.2.0")), "subnet's own"},
		"subnet's broadcast":    {ch(ip("192.0.2.255")), "subnet's own"},
		"of a /30":              {ch(ip("192.0.2.11"), mask(30)), "subnet's own"},
		"last of a /31":         {ch(ip("192.0.2.255"), mask(31)), ""},
		"first of a /31":        {ch(ip("192.0.2.0"), mask(31)), ""},
		"in a /32":              {ch(ip("192.0.2.0"), mask(32)), ""},
		"wide /1":               {ch(mask(1)), ""},
		"no mask":               {ch(mask(dhcp4.NoMask)), ""},
		"no mask, class's 0":    {ch(mask(dhcp4.NoMask), ip("10.0.0.0")), ""}, // a guess refuses nothing
		"no mask, class's last": {ch(mask(dhcp4.NoMask), ip("192.0.2.255")), ""},
		"bad mask":              {ch(mask(dhcp4.BadMask)), "not contiguous"},
		"no server":             {ch(from(none)), "no usable server"},
		"server multicast":      {ch(from(netip.MustParseAddr("224.0.0.1"))), "no usable server"},
		"server broadcast":      {ch(from(netip.MustParseAddr("255.255.255.255"))), "no usable server"},
		"server loopback":       {ch(from(netip.MustParseAddr("127.0.0.1"))), "no usable server"},
		"server is us":          {ch(from(client)), "server's own"},
		"lease time 0":          {ch(life(0)), ""},
		"client id wrong":       {ch(func(r *dhcp4.Reply) { r.ClientID = []byte{1} }), "not ours"},
		"client id right":       {ch(func(r *dhcp4.Reply) { r.ClientID = cid }), ""},
	} {
		w := newWorld(t, lease4.Config{})
		w.step(lease4.Started{})
		checkUnfit(t, name+", OFFER", w.reply(dhcp4.Offer, c.change...), c.why)
		if c.why == "" {
			continue
		}
		w.reply(dhcp4.Offer)
		// An ACK of no or another server fails for that reason as well.
		if got := show(w.reply(dhcp4.Ack, c.change...)); got != "Report" || w.m.State() != lease4.Requesting {
			t.Errorf("%s, ACK: got %s", name, got)
		}
	}
}

func ch(f ...func(*dhcp4.Reply)) []func(*dhcp4.Reply) { return f }

func checkUnfit(t *testing.T, name string, acts []lease4.Action, why string) {
	t.Helper()
	got := ""
	if len(acts) > 0 {
		if r, ok := acts[0].(lease4.Report); ok {
			got = r.Detail
		}
	}
	if (got == "") != (why == "") || !strings.Contains(got, why) {
		t.Errorf("%s: got %q, want %q", name, got, why)
	}
}

// A lease without a time, against a MUST of table 3, is one of an hour.
func TestLeaseTimeMissing(t *testing.T) {
	missing := func(r *dhcp4.Reply) { r.LeaseTime, r.HasLeaseTime = 0, false }
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer, missing)
	if got := show(w.reply(dhcp4.Ack, missing)); got != "Bind Announce" {
		t.Errorf("%v: %s", w.m.State(), got)
	}
	if l, _ := w.m.Lease(); l.Expiry != l.Start.Add(time.Hour) || l.T1 != l.Start.Add(time.Hour/2) {
		t.Errorf("%+v", l)
	}
}

// The other server of a pair acknowledges the offered address, and gets the renewals.
func TestAckOfAnotherServer(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer)
	if got := show(w.reply(dhcp4.Ack, from(rival), your(client.Next()))); got != "Report" {
		t.Errorf("another address: %s", got)
	}
	if got := show(w.reply(dhcp4.Ack, from(rival))); got != "Bind Announce" {
		t.Errorf("%s", got)
	}
	if l, _ := w.m.Lease(); l.Server != rival {
		t.Errorf("renewals go to %s", l.Server)
	}
}

// A renewal that repeats only the times takes nothing away.
func TestBareRenewal(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	before, _ := w.bind(func(r *dhcp4.Reply) { r.MTU = 1400 }).m.Lease()
	w.at(before.T1.Sub(w.now)).fire()
	w.reply(dhcp4.Ack, func(r *dhcp4.Reply) {
		r.Mask, r.Routes, r.DNS, r.Domain, r.Search, r.MTU = dhcp4.NoMask, nil, nil, "", nil, 0
	})
	after, _ := w.m.Lease()
	if after.Addr != before.Addr || after.MTU != 1400 || !slices.Equal(after.Routes, before.Routes) || !slices.Equal(after.DNS, before.DNS) || after.Start == before.Start {
		t.Errorf("%+v, was %+v", after, before)
	}
}

// On a /32, a router that is the client itself says that everything is on the link.
func TestRouterIsOurselves(t *testing.T) {
	for bits, want := range map[int][]dhcp4.Route{24: nil, 32: {{Dst: netip.MustParsePrefix("0.0.0.0/0")}}} {
		w := newWorld(t, lease4.Config{})
		w.step(lease4.Started{})
		self := func(r *dhcp4.Reply) {
			r.Mask, r.Routes = bits, []dhcp4.Route{{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: client}}
		}
		w.reply(dhcp4.Offer, self)
		w.reply(dhcp4.Ack, self)
		if l, _ := w.m.Lease(); !slices.Equal(l.Routes, want) {
			t.Errorf("/%d: %v", bits, l.Routes)
		}
	}
}

func TestRequire(t *testing.T) {
	w := newWorld(t, lease4.Config{Requested: client, Require: true})
	if s := sent(w.step(lease4.Started{})); s[0].Requested != client {
		t.Errorf("asks for %v", s[0].Requested)
	}
	checkUnfit(t, "OFFER", w.reply(dhcp4.Offer, your(other)), "192.0.2.9, which is required")
	w.reply(dhcp4.Offer)
	checkUnfit(t, "ACK", w.reply(dhcp4.Ack, your(other)), "192.0.2.9, which is required")
	if w.reply(dhcp4.Nak); sent(w.fire())[0].Requested != client {
		t.Error("does not ask again for what it must have")
	}
	w = newWorld(t, lease4.Config{Requested: other}) // prefer
	w.step(lease4.Started{})
	if w.reply(dhcp4.Offer); w.m.State() != lease4.Requesting {
		t.Errorf("preferring: %v", w.m.State())
	}
}

// The ACK's options count, all of them and no others (RFC 2131 §3.1(4)); a router
// that is the client itself leads nowhere.
func TestAckSupersedesOffer(t *testing.T) {
	w := newWorld(t, lease4.Config{})
	w.step(lease4.Started{})
	w.reply(dhcp4.Offer, func(r *dhcp4.Reply) { r.Domain, r.DNS, r.MTU = "offered.net", []netip.Addr{rival}, 1400 })
	rt := dhcp4.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: server}
	w.reply(dhcp4.Ack, func(r *dhcp4.Reply) {
		r.Domain, r.Search, r.Mask = "acked.net", []string{"a.net"}, dhcp4.NoMask
		r.Routes = []dhcp4.Route{{Dst: netip.MustParsePrefix("10.0.0.0/8"), Via: client}, rt}
	})
	got, _ := w.m.Lease()
	want := lease4.Lease{
		Addr: netip.MustParsePrefix("192.0.2.9/24"), Server: server, Domain: "acked.net", Search: []string{"a.net"},
		Routes: []dhcp4.Route{rt},
		Start:  boot, T1: boot.Add(500e9), T2: boot.Add(875e9), Expiry: boot.Add(1000e9),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNames(t *testing.T) {
	got := fmt.Sprint(lease4.Init, lease4.Rebooting, lease4.Selecting, lease4.Requesting, lease4.Probing, lease4.Bound, lease4.Renewing, lease4.Rebinding,
		lease4.Stopped, lease4.State(0), lease4.State(99), lease4.MediumNone, lease4.MediumPacket, lease4.MediumUnicast, lease4.Medium(0),
		lease4.CheckOff, lease4.CheckQuick, lease4.CheckFull, lease4.Check(0))
	want := "INIT REBOOTING SELECTING REQUESTING PROBING BOUND RENEWING REBINDING STOPPED invalid invalid none packet unicast invalid off quick rfc5227 invalid"
	if got != want {
		t.Errorf("got %s", got)
	}
}
