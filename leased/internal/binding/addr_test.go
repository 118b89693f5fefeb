// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

const fromFirst = "default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 100"

func TestAddressHasItsLifetimes(t *testing.T) {
	_, link := onVeth(t)
	for _, tt := range []struct {
		valid time.Duration
		want  int
	}{
		{time.Hour, 3600},
		{1999 * time.Millisecond, 2}, // a lease of 2 s, after its exchange
		{1499 * time.Millisecond, 1},
		{time.Nanosecond, 1},
		{math.MaxUint32 * time.Second, math.MaxUint32},
		{Forever, math.MaxUint32},
	} {
		s := lease(link, first)
		s.Valid = tt.valid
		apply(t, link, s, nil)
		if a := addrs(link)[0]; off(a.ValidLft, tt.want) || off(a.PreferedLft, tt.want) {
			t.Errorf("%v: kernel has %d, %d", tt.valid, a.ValidLft, a.PreferedLft)
		}
	}
	s := lease(link, first)
	s.Valid = 0
	_, err := tryApply(link, s, nil)
	wantError(t, err, ErrOver)
}

// off allows for the time a test takes.
func off(have, want int) bool { return have > want || have < want-5 }

// With nobody there to renew it, the kernel ends the lease.
func TestKernelEndsTheLease(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Valid = time.Second
	s.Routes = append(s.Routes, Route{Dst: doc})
	apply(t, link, s, nil)
	testlan.Eventually(t, "no address", func() bool { return len(addrs(link)) == 0 })
	wantRoutes(t, link.NS)
}

// A renewal gives the address more time and touches nothing else: the route that
// somebody else has from it would not survive that it went for a moment.
func TestRenewalDoesNotFlap(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Valid = time.Minute
	prev := apply(t, link, s, nil)
	link.NS.Run("ip", "route", "add", doc.String(), "dev", "eth0", "src", first.Addr().String())
	s.Valid = time.Hour
	changes := monitor(t, link.NS)
	apply(t, link, s, &prev)
	if got := changes(); !slices.Equal(got, []string{"new address"}) {
		t.Errorf("the kernel did %q", got)
	}
	wantAddrs(t, link, first)
	if a := addrs(link)[0]; off(a.ValidLft, 3600) {
		t.Errorf("%d s left", a.ValidLft)
	}
	wantRoutes(t, link.NS, fromFirst, "198.51.100.0/24 dev eth0 scope link src 192.0.2.77")
}

// Another address in the same subnet. By default the kernel takes away the new
// one together with the old one, and what others have there too.
func TestAddressChangesWithinItsSubnet(t *testing.T) {
	for _, value := range []string{"0", "1"} {
		t.Run("promote_secondaries="+value, func(t *testing.T) {
			_, link := onVeth(t)
			promote(link, value)
			prev := apply(t, link, lease(link, first), nil)
			for _, cmd := range [][]string{
				{"ip", "addr", "add", "192.0.2.200/24", "dev", "eth0"},
				{"ip", "route", "add", doc.String(), "via", gateway.String()},
				{"ip", "route", "add", "203.0.113.0/24", "dev", "eth0", "src", "192.0.2.200"},
			} {
				link.NS.Run(cmd...)
			}
			now := apply(t, link, lease(link, second), &prev)
			wantAddrs(t, link, second, netip.MustParsePrefix("192.0.2.200/24"))
			want := []string{
				"default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.78 metric 100",
				"198.51.100.0/24 via 192.0.2.1 dev eth0",
				"203.0.113.0/24 dev eth0 scope link src 192.0.2.200",
			}
			wantRoutes(t, link.NS, want...)
			wantLifetimes(t, link)
			link.NS.Run("ping", "-c1", "-W2", gateway.String())

			must(t, remove(link, now))
			wantAddrs(t, link, netip.MustParsePrefix("192.0.2.200/24"))
			wantRoutes(t, link.NS, want[1:]...)
		})
	}
}

// wantLifetimes: ours ends, the other one does not.
func wantLifetimes(t *testing.T, link testlan.Link) {
	t.Helper()
	for _, a := range addrs(link) {
		want := math.MaxUint32
		if prefix(a.IPNet) == second {
			want = 3600
		}
		if off(a.ValidLft, want) || a.Label != link.Name {
			t.Errorf("%v (%s) has %d s, want %d", a.IPNet, a.Label, a.ValidLft, want)
		}
	}
}

func TestAddressChangesSubnetOrLength(t *testing.T) {
	for _, next := range []string{"198.51.100.7/24", "192.0.2.77/25", "192.0.2.77/32", "192.0.2.78/16"} {
		t.Run(next, func(t *testing.T) {
			_, link := onVeth(t)
			prev := apply(t, link, lease(link, first), nil)
			s := lease(link, netip.MustParsePrefix(next))
			apply(t, link, s, &prev)
			wantAddrs(t, link, s.Addr)
			onlink := map[bool]string{true: "", false: " onlink"}[s.Addr.Contains(gateway)]
			wantRoutes(t, link.NS, "default via 192.0.2.1 dev eth0 proto dhcp src "+s.Addr.Addr().String()+" metric 100"+onlink)
		})
	}
}

func TestRemoveIsIdempotent(t *testing.T) {
	_, link := onVeth(t)
	s := apply(t, link, lease(link, first), nil)
	for range 2 {
		must(t, remove(link, s))
		wantAddrs(t, link)
		wantRoutes(t, link.NS)
	}
	apply(t, link, s, &s)
	link.Set("down")
	must(t, remove(link, s))
	link.Delete()
	must(t, remove(link, s))
}

func TestBroadcastAddress(t *testing.T) {
	_, link := onVeth(t)
	apply(t, link, lease(link, first), nil)
	if got := addrs(link)[0].Broadcast.String(); got != "192.0.2.255" {
		t.Errorf("broadcast %s", got)
	}
}
