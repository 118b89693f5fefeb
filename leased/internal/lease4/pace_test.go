// SPDX-License-Identifier: Apache-2.0

package lease4_test

import (
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
)

// t1 gives a lease with these times, in seconds.
func t1(seconds, t2, lease uint32) func(*dhcp4.Reply) {
	return func(r *dhcp4.Reply) {
		r.T1, r.T2, r.HasT1, r.HasT2 = seconds, t2, true, true
		r.LeaseTime, r.HasLeaseTime = lease, true
	}
}

// A server that has a client renew all the time can do so for a short while: in ten minutes
// it gets twenty early REQUESTs and one in 10 s then. A lease that is as short as that is
// renewed at its half, or the address would be lost.
func TestServerDoesNotSetThePace(t *testing.T) {
	hour, refused := t1(1, 2, 3600), func(n int) bool { return n%2 == 1 }
	for name, c := range map[string]struct {
		lease       func(*dhcp4.Reply)
		naks        func(n int) bool // of the n-th renewal
		least, most int              // renewals in ten minutes
		reports     int
	}{
		"T1 of a second":           {hour, nil, 70, 80, 1},
		"T1 is T2":                 {t1(1, 1, 3600), nil, 0, 80, 0},
		"refused every other time": {hour, refused, 60, 80, 1},
		"twelve seconds":           {t1(1, 2, 12), nil, 110, 120, 1},
		"two seconds":              {t1(0, 0, 2), nil, 600, 600, 0},
		"half a minute":            {t1(0, 0, 30), nil, 40, 40, 0},
		"nine seconds":             {t1(9, 15, 3600), nil, 60, 65, 1},
	} {
		w := newWorld(t, lease4.Config{}).bind(c.lease)
		renewals, reports := 0, 0
		for w.now < boot.Add(10*time.Minute) {
			if got := show(w.fire()); !strings.HasPrefix(got, "REQUEST,c") {
				t.Fatalf("%s: %s", name, got)
			}
			renewals++
			if c.naks != nil && c.naks(renewals) {
				w.reply(dhcp4.Nak)
				w.reply(dhcp4.Offer)
			}
			reports += strings.Count(show(w.reply(dhcp4.Ack, c.lease)), "Report")
		}
		if renewals < c.least || renewals > c.most || reports != c.reports {
			t.Errorf("%s: %d renewals and %d reports in 10 minutes, want %d to %d and %d", name, renewals, reports, c.least, c.most, c.reports)
		}
	}
}

// A server that means it well has all of its early renewals again after a minute's peace.
func TestEarlyRenewalsComeBack(t *testing.T) {
	early := t1(2, 3, 3600)
	w := newWorld(t, lease4.Config{}).bind(early)
	renew := func(n int, lease func(*dhcp4.Reply)) (took time.Duration) {
		begun := w.now
		for range n {
			w.fire()
			w.reply(dhcp4.Ack, lease)
		}
		return w.now.Sub(begun)
	}
	if took := renew(20, early); took != 40*time.Second {
		t.Errorf("the first took %s", took)
	}
	renew(1, t1(60, 70, 3600))
	renew(1, early)
	if took := renew(19, early); took != 38*time.Second {
		t.Errorf("those after a minute took %s", took)
	}
}
