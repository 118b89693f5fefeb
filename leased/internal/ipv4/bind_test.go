// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
)

// A binding is the lease under the attachment's policy, with the time that is left.
func TestSpecOfALease(t *testing.T) {
	t.Parallel()
	type both struct {
		l *lease4.Lease
		r *request.Request
	}
	routes := func(all ...dhcp4.Route) (same []binding.Route) {
		for _, r := range all {
			same = append(same, binding.Route{Dst: r.Dst, Via: r.Via})
		}
		return same
	}
	onLink := dhcp4.Route{Dst: netip.MustParsePrefix("203.0.113.0/24")}
	for name, tt := range map[string]struct {
		change func(b both)
		want   func(s *binding.Spec)
	}{
		"as it is": {func(both) {}, func(*binding.Spec) {}},
		"metric":   {func(b both) { b.r.Policy.Metric = 77 }, func(s *binding.Spec) { s.Metric = 77 }},
		"no time left": {
			func(b both) { b.l.Expiry = now }, func(s *binding.Spec) { s.Valid = 0 },
		},
		"infinite": {
			func(b both) { b.l.Expiry = clock.Never }, func(s *binding.Spec) { s.Valid = binding.Forever },
		},
		"a later start": { // the time counts from now
			func(b both) { b.l.Start -= clock.Instant(time.Minute) }, func(*binding.Spec) {},
		},
		"the link's MTU is less":   {func(b both) { b.r.Link.MTU = 1300 }, func(s *binding.Spec) { s.MTU = 1300 }},
		"the link has no say":      {func(b both) { b.r.Link.MTU = 0 }, func(s *binding.Spec) { s.MTU = 0 }},
		"the server says no MTU":   {func(b both) { b.l.MTU = 0 }, func(s *binding.Spec) { s.MTU = 0 }},
		"no routes":                {func(b both) { b.l.Routes = nil }, func(s *binding.Spec) { s.Routes = nil }},
		"routes in order, on-link": {func(b both) { b.l.Routes = []dhcp4.Route{onLink, rest, lab} }, func(s *binding.Spec) { s.Routes = routes(onLink, rest, lab) }},
		"no default route": {
			func(b both) { b.r.Policy.NoDefaultRoute, b.l.Routes = true, []dhcp4.Route{lab, rest} },
			func(s *binding.Spec) { s.Routes = routes(lab) },
		},
		"no routes, classless ones neither": {
			func(b both) { b.r.Policy.NoRoutes, b.l.Routes = true, []dhcp4.Route{lab, rest} },
			func(s *binding.Spec) { s.Routes = nil },
		},
	} {
		l := lease(func(*lease4.Lease) {})
		r := &request.Request{Link: request.Link{Index: 2, MTU: 1500}, Policy: request.Policy{Metric: 100}}
		want := binding.Spec{Ifindex: 7, Addr: l.Addr, Valid: time.Hour, Routes: routes(rest), Metric: 100, MTU: 1400}
		tt.change(both{&l, r})
		tt.want(&want)
		d := &Driver{cfg: Config{Owner: &fakeOwner{}, Request: r}}
		if got := d.spec(l); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Below 1280 the kernel would take IPv6 off the interface.
func TestMTUWithIPv6(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server, host int
		ipv6         request.IPv6
		want         int
	}{
		{576, 1500, request.IPv6Off, 576},
		{576, 1500, request.IPv6Auto, 1280},
		{1400, 1500, request.IPv6Auto, 1400},
		{0, 1500, request.IPv6Auto, 0},
		{576, 1000, request.IPv6Auto, 1000}, // the user's
		{9000, 1500, request.IPv6Auto, 1500},
		{576, 0, request.IPv6Auto, 0},
	} {
		r := &request.Request{Link: request.Link{MTU: tt.host}, Policy: request.Policy{IPv6: tt.ipv6}}
		if got := (&Driver{cfg: Config{Request: r}}).mtu(lease4.Lease{MTU: tt.server}); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}
