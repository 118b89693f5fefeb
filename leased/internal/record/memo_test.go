// SPDX-License-Identifier: Apache-2.0

package record

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
)

var wall = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// memo4 has an IPv4 lease of an hour, memo6 an IPv6 lease that ends with end.
func memo4() Memo {
	return Memo{
		Written: wall, Expires: wall.Add(time.Hour), At: at,
		Record: Record{Lease: lease4.Lease{
			Addr: netip.MustParsePrefix("192.0.2.9/24"), Start: at, T1: at.Add(30 * time.Minute), T2: at.Add(50 * time.Minute), Expiry: at.Add(time.Hour),
		}},
	}
}

func memo6(end clock.Instant) Memo {
	return Memo{
		Written: wall, At: at,
		Record: Record{Waiting: true, IPv6: &IPv6{Bound: &binding.Spec6{}, Lease: lease6.Lease{
			Start: at, T1: at.Add(time.Second), T2: end, Addrs: []lease6.Addr{{Preferred: end, Valid: end}},
		}}},
	}
}

const at, now = clock.Instant(1000 * time.Second), clock.Instant(50 * time.Second)

func TestRevivedIPv4(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(m *Memo)
		ago    time.Duration
		want   clock.Instant
	}{
		"some is left":                 {func(*Memo) {}, 20 * time.Minute, now.Add(40 * time.Minute)},
		"ends now":                     {func(*Memo) {}, time.Hour, now},
		"ended":                        {func(*Memo) {}, 2 * time.Hour, now},
		"the wall clock has gone back": {func(*Memo) {}, -time.Second, now},
		"infinite":                     {func(m *Memo) { m.Expires = time.Time{} }, time.Hour, clock.Never},
		"infinite, gone back":          {func(m *Memo) { m.Expires = time.Time{} }, -time.Hour, clock.Never},
	} {
		m := memo4()
		tt.change(&m)
		l := m.Revived(now, wall.Add(tt.ago)).Lease
		if l.Addr != m.Lease.Addr || l.Start != now || l.T1 != now || l.T2 != now || l.Expiry != tt.want {
			t.Errorf("%s: %+v, want %v", name, l, tt.want)
		}
	}
}

func TestRevivedIPv6(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  clock.Instant
		ago  time.Duration
		want clock.Instant
	}{
		"some is left":                 {at.Add(time.Minute), 20 * time.Second, now.Add(40 * time.Second)},
		"ends now":                     {at.Add(time.Minute), time.Minute, now},
		"ended":                        {at.Add(time.Minute), time.Hour, now},
		"ended when it was written":    {at - 1, 0, now},
		"the wall clock has gone back": {at.Add(time.Minute), -1, now},
		"infinite":                     {clock.Never, time.Hour, clock.Never},
		"infinite, gone back":          {clock.Never, -1, clock.Never},
	} {
		m := memo6(tt.end)
		r := m.Revived(now, wall.Add(tt.ago))
		l, a := r.IPv6.Lease, r.IPv6.Lease.Addrs[0]
		if l.Start != now || l.T1 != now || r.IPv6.Bound != nil || l.T2 != tt.want || a.Preferred != tt.want || a.Valid != tt.want {
			t.Errorf("%s: %+v, want %v", name, r.IPv6, tt.want)
		}
		if r.Lease.Start != 0 || r.Lease.Expiry != 0 {
			t.Errorf("%s: an IPv4 lease %+v", name, r.Lease)
		}
		if !reflect.DeepEqual(m, memo6(tt.end)) {
			t.Errorf("%s: the memo itself is changed", name)
		}
	}
}

func TestOver(t *testing.T) {
	t.Parallel()
	both := memo4()
	both.IPv6 = memo6(at.Add(2 * time.Hour)).IPv6
	infinite := memo4()
	infinite.Expires = time.Time{}
	for name, tt := range map[string]struct {
		m    Memo
		ago  time.Duration
		want bool
	}{
		"nothing in it":            {Memo{}, 0, true},
		"IPv4 runs":                {memo4(), time.Hour - 1, false},
		"IPv4 ended":               {memo4(), time.Hour, true},
		"IPv4 infinite":            {infinite, 24 * time.Hour, false},
		"IPv6 runs":                {memo6(at.Add(time.Hour)), time.Hour - 1, false},
		"IPv6 ended":               {memo6(at.Add(time.Hour)), time.Hour, true},
		"IPv6 infinite":            {memo6(clock.Never), 1000 * time.Hour, false},
		"IPv6 infinite, gone back": {memo6(clock.Never), -time.Hour, false},
		"gone back":                {memo6(at.Add(time.Hour)), -time.Hour, false},
		"IPv6 runs longer":         {both, time.Hour, false},
		"both ended":               {both, 2 * time.Hour, true},
	} {
		if got := tt.m.Over(wall.Add(tt.ago)); got != tt.want {
			t.Errorf("%s: over is %v", name, got)
		}
	}
}
