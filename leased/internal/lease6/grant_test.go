// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// RFC 8415 §14.2, §21.4: the server's T1 and T2, 0.5 and 0.8 of the shortest
// preferred lifetime where it leaves them to us; Start ≤ T1 ≤ T2 ≤ the last end.
func TestRenewalTimes(t *testing.T) {
	const inf = dhcp6.Infinite
	addr := func(preferred, valid uint32) dhcp6.Address { return life(client, preferred, valid) }
	for _, c := range []struct {
		t1, t2 uint32
		addrs  []dhcp6.Address
		want   string
	}{
		{0, 0, []dhcp6.Address{addr(800, 1000)}, "6m40s 10m40s"},
		{0, 0, []dhcp6.Address{addr(800, 1000), life(second, 100, 1000)}, "50s 1m20s"},
		{0, 0, []dhcp6.Address{addr(inf, inf)}, "never never"},
		{0, 0, []dhcp6.Address{addr(inf, inf), life(second, 100, inf)}, "50s 1m20s"},
		{0, 0, []dhcp6.Address{addr(0, 1000)}, "8m20s 13m20s"}, // not preferred at all: of its end
		{0, 0, []dhcp6.Address{addr(0, inf)}, "never never"},
		{0, 0, []dhcp6.Address{addr(0, 1000), life(second, 100, 200)}, "50s 1m20s"},
		{0, 0, []dhcp6.Address{addr(1, 1)}, "1s 1s"},
		{0, 0, []dhcp6.Address{addr(1, 10)}, "1s 1s"}, // not more often than each second
		{1, 1, []dhcp6.Address{addr(1, 10)}, "1s 1s"},
		{100, 200, []dhcp6.Address{addr(800, 1000)}, "1m40s 3m20s"},
		{100, 0, []dhcp6.Address{addr(800, 1000)}, "1m40s 10m40s"},
		{900, 0, []dhcp6.Address{addr(800, 1000)}, "15m0s 15m0s"},
		{0, 100, []dhcp6.Address{addr(800, 1000)}, "1m40s 1m40s"},
		{100, 100, []dhcp6.Address{addr(800, 1000)}, "1m40s 1m40s"},
		{1000, 1000, []dhcp6.Address{addr(800, 1000)}, "16m40s 16m40s"},
		{2000, 3000, []dhcp6.Address{addr(800, 1000)}, "6m40s 10m40s"},
		{100, 3000, []dhcp6.Address{addr(800, 1000)}, "1m40s 10m40s"},
		{inf, inf, []dhcp6.Address{addr(800, 1000)}, "6m40s 10m40s"},
		{inf, inf, []dhcp6.Address{addr(800, inf)}, "never never"},
		{100, inf, []dhcp6.Address{addr(800, inf)}, "1m40s never"},
		{0, 0, []dhcp6.Address{addr(math.MaxUint32-1, inf)}, "596523h14m7s 954437h10m35.2s"},
	} {
		w := newWorld(t, lease6.Config{}).request()
		w.reply(times(c.t1, c.t2), gives(c.addrs...))
		l, ok := w.m.Lease()
		if got := since(l.Start, l.T1) + " " + since(l.Start, l.T2); !ok || got != c.want {
			t.Errorf("T1 %d, T2 %d, %v: %s, want %s", c.t1, c.t2, c.addrs, got, c.want)
		}
	}
}

func since(start, t clock.Instant) string {
	if t == clock.Never {
		return "never"
	}
	return fmt.Sprint(t.Sub(start).Round(time.Millisecond))
}

// §21.6, §18.2.10.1: what is not to be used is not; each address counts once.
func TestUnusableAddressesAreDiscarded(t *testing.T) {
	failed := life(second, 100, 200)
	failed.Status = dhcp6.NoBinding
	for name, c := range map[string]struct {
		addrs []dhcp6.Address
		want  string
	}{
		"preferred > valid": {[]dhcp6.Address{life(second, 2, 1), life(client, 1, 1)}, "[2001:db8::9]"},
		"valid 0":           {[]dhcp6.Address{life(second, 0, 0), life(client, 1, 1)}, "[2001:db8::9]"},
		"own status":        {[]dhcp6.Address{failed, life(client, 1, 1)}, "[2001:db8::9]"},
		"twice":             {[]dhcp6.Address{life(client, 1, 1), life(client, 2, 2)}, "[2001:db8::9]"},
		"none":              {[]dhcp6.Address{life(client, 2, 1), failed}, "[]"},
	} {
		w := newWorld(t, lease6.Config{}).request()
		w.reply(gives(c.addrs...))
		if got := fmt.Sprint(w.addrs()); got != c.want {
			t.Errorf("%s: in use %s, want %s", name, got, c.want)
		}
	}
}

// Times count from the first REQUEST, whenever the REPLY comes.
func TestLeaseCountsFromRequest(t *testing.T) {
	w := newWorld(t, lease6.Config{}).request()
	w.at(5 * time.Second).after(0)
	w.at(7*time.Second).do(w.reply(), "Bind,1")
	l, _ := w.m.Lease()
	if l.Start != boot || l.Addrs[0].Valid != boot.Add(1000*time.Second) || l.Addrs[0].Preferred != boot.Add(800*time.Second) {
		t.Errorf("lease %+v", l)
	}
	if len(l.DNS) != 1 || len(l.Search) != 1 || w.m.Deadline() != boot.Add(400*time.Second) {
		t.Errorf("lease %+v until %s", l, w.m.Deadline().Sub(boot))
	}
}

// T1 = 1 s, and the server forgets the lease each time, which costs two messages.
func TestForgetfulServerIsRenewedSlowly(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(times(1, 2))
	for w.now < boot.Add(10*time.Minute) && !t.Failed() {
		w.do(w.fire(), "RENEW,s,a").do(w.reply(failsIA(dhcp6.NoBinding)), "Report REQUEST,s,a")
		w.reply(times(1, 10))
	}
	if w.total > 2*(20+60)+10 {
		t.Errorf("%d messages in 10 minutes", w.total)
	}
}

// T1 = 1 s of a hostile server: a RENEW a second, then one in 10 s, and it is told once.
func TestServerDoesNotSetThePace(t *testing.T) {
	w := newWorld(t, lease6.Config{}).bind(times(1, 2))
	reports := 0
	for i := range 100 {
		least, before := time.Second, w.now
		if i >= 20 {
			least = 10 * time.Second
		}
		w.do(w.fire(), "RENEW,s,a")
		reports += strings.Count(show(w.reply(times(1, 2))), "Report")
		if wait := w.now.Sub(before); wait < least || len(w.addrs()) != 1 {
			t.Errorf("RENEW %d after %s with %v", i, wait, w.addrs())
		}
	}
	if reports != 1 {
		t.Errorf("%d reports", reports)
	}
}

// A lease that is shorter than that is still renewed at its half.
func TestLeaseOfSecondsIsRenewedInTime(t *testing.T) {
	short := gives(life(client, 4, 4))
	w := newWorld(t, lease6.Config{}).bind(short)
	for range 100 {
		w.do(w.fire(), "RENEW,s,a").do(w.reply(short), "Bind,1")
		if l, _ := w.m.Lease(); l.T1.Sub(l.Start) != 2*time.Second {
			t.Fatalf("T1 after %s", l.T1.Sub(l.Start))
		}
	}
}
