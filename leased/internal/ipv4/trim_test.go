// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
)

// front is Podman's network beside the LAN; a VPN's other end is its peer.
var front = []binding.Other{
	{Addr: netip.MustParseAddr("10.89.0.5"), Subnet: netip.MustParsePrefix("10.89.0.0/24")},
	{Addr: netip.MustParseAddr("10.8.0.6"), Subnet: netip.MustParsePrefix("10.8.0.5/32")},
}

func TestTrim(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addr, routes   string // routes: destinations
		want, wantLeft string
	}{
		{"192.0.2.9/24 0.0.0.0/0", "", "", ""},
		{"192.0.2.9/24", "0.0.0.0/0 198.51.100.0/24 10.0.0.0/16 172.16.0.0/12", "192.0.2.9/24 0.0.0.0/0 198.51.100.0/24 10.0.0.0/16 172.16.0.0/12", ""},
		{"192.0.2.9/24", "0.0.0.0/1 128.0.0.0/1", "192.0.2.9/24", "route to 0.0.0.0/1: wider than /8; route to 128.0.0.0/1: wider than /8"},
		{"192.0.2.9/24", "0.0.0.0/2 172.0.0.0/7 172.0.0.0/8", "192.0.2.9/24 172.0.0.0/8", "route to 0.0.0.0/2: wider than /8; route to 172.0.0.0/7: wider than /8"},
		{"192.0.2.9/24", "169.254.169.254/32", "192.0.2.9/24", "route to 169.254.169.254/32: has the metadata address 169.254.169.254"},
		{"192.0.2.9/24", "169.254.0.0/16 169.254.1.0/24", "192.0.2.9/24 169.254.1.0/24", "route to 169.254.0.0/16: has the metadata address 169.254.169.254"},
		{"192.0.2.9/24", "10.89.0.1/32 10.89.0.0/24", "192.0.2.9/24", "route to 10.89.0.1/32: overlaps 10.89.0.0/24 of another interface; route to 10.89.0.0/24: overlaps 10.89.0.0/24 of another interface"},
		{"192.0.2.9/24", "10.89.0.0/16 10.90.0.0/16", "192.0.2.9/24 10.90.0.0/16", "route to 10.89.0.0/16: overlaps 10.89.0.0/24 of another interface"},
		{"192.0.2.9/24", "10.8.0.5/32 10.8.0.7/32", "192.0.2.9/24 10.8.0.7/32", "route to 10.8.0.5/32: overlaps 10.8.0.5/32 of another interface"},
		{"10.89.0.33/26", "0.0.0.0/0", "10.89.0.33/32 0.0.0.0/0", "subnet of 10.89.0.33/26: overlaps 10.89.0.0/24 of another interface"},
		{"10.89.0.33/24", "", "10.89.0.33/32", "subnet of 10.89.0.33/24: overlaps 10.89.0.0/24 of another interface"},
		{"10.1.2.3/8", "", "10.1.2.3/32", "subnet of 10.1.2.3/8: overlaps 10.89.0.0/24 of another interface"},
		{"11.1.2.3/8", "", "11.1.2.3/8", ""},
		{"192.0.2.9/1", "", "192.0.2.9/32", "subnet of 192.0.2.9/1: wider than /8"},
		{"12.0.2.9/7", "", "12.0.2.9/32", "subnet of 12.0.2.9/7: wider than /8"},
		{"169.254.7.7/16", "", "169.254.7.7/32", "subnet of 169.254.7.7/16: has the metadata address 169.254.169.254"},
		{"10.89.0.33/32", "", "10.89.0.33/32", ""},
	} {
		addr, more, _ := strings.Cut(tt.addr, " ")
		s := binding.Spec{Ifindex: 7, Addr: netip.MustParsePrefix(addr), Metric: 9}
		for _, dst := range strings.Fields(more + " " + tt.routes) {
			s.Routes = append(s.Routes, binding.Route{Dst: netip.MustParsePrefix(dst), Via: router})
		}
		want := cutSpec(s, tt.want)
		if tt.want == "" {
			want = s
		}
		got, left := trim(s, nil, front)
		if !reflect.DeepEqual(got, want) || strings.Join(left, "; ") != tt.wantLeft {
			t.Errorf("%s %s: %+v\nleft out %q", tt.addr, tt.routes, got, left)
		}
		if again, left := trim(got, nil, front); !reflect.DeepEqual(again, got) || left != nil {
			t.Errorf("%s %s: the second time %+v without %q", tt.addr, tt.routes, again, left)
		}
	}
}

// A router that the policy does not allow gets nothing. A route without a router stays.
func TestRoutersOfThePolicy(t *testing.T) {
	t.Parallel()
	p, a := netip.MustParsePrefix, netip.MustParseAddr
	s := binding.Spec{Addr: p("192.0.2.9/24"), Routes: []binding.Route{
		{Dst: p("0.0.0.0/0"), Via: a("192.0.2.66")}, {Dst: p("198.51.100.0/24"), Via: a("192.0.2.1")}, {Dst: p("203.0.113.0/24")},
	}}
	got, left := trim(s, []netip.Prefix{p("192.0.2.0/26")}, nil)
	if !reflect.DeepEqual(got.Routes, s.Routes[1:]) || !slices.Equal(left, []string{"route to 0.0.0.0/0: option router= does not allow 192.0.2.66"}) {
		t.Errorf("%v, left out %q", got.Routes, left)
	}
}

// cutSpec is s with an address and the destinations in text.
func cutSpec(s binding.Spec, text string) binding.Spec {
	s.Routes = nil
	for i, p := range strings.Fields(text) {
		if i == 0 {
			s.Addr = netip.MustParsePrefix(p)
		} else {
			s.Routes = append(s.Routes, binding.Route{Dst: netip.MustParsePrefix(p), Via: router})
		}
	}
	return s
}

// A line for a lease that leaves something out, and none for its renewals.
func TestTrimmedIsToldOnce(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix
	spec := func(dsts ...string) (s binding.Spec) {
		s.Addr = p("192.0.2.9/24")
		for _, dst := range dsts {
			s.Routes = append(s.Routes, binding.Route{Dst: p(dst)})
		}
		return s
	}
	for name, tt := range map[string]struct {
		changed     bool
		before, now binding.Spec
		want        bool
	}{
		"nothing":             {true, spec(), spec("0.0.0.0/0"), false},
		"a start":             {true, binding.Spec{}, spec("0.0.0.0/1"), true},
		"a renewal":           {false, spec("0.0.0.0/1"), spec("0.0.0.0/1"), false},
		"one more":            {false, spec("0.0.0.0/1"), spec("0.0.0.0/1", "128.0.0.0/1"), true},
		"an interface is new": {true, spec("10.89.0.1/32"), spec("10.89.0.1/32"), true},
	} {
		o := &fakeOwner{}
		d := &Driver{cfg: Config{Owner: o, Request: &request.Request{}}}
		d.setMachine(lease4.New(lease4.Config{}))
		_, left := trim(tt.now, nil, front)
		d.emitTrimmed(left, tt.changed, tt.before, front)
		if got := len(o.events) == 1; got != tt.want {
			t.Errorf("%s: %v", name, o.events)
		}
	}
}

func TestTrimmedIsOneShortLine(t *testing.T) {
	t.Parallel()
	o := &fakeOwner{}
	d := &Driver{cfg: Config{Owner: o, Request: &request.Request{}}}
	d.setMachine(lease4.New(lease4.Config{}))
	left := slices.Repeat([]string{"route"}, 64)
	d.emitTrimmed(left, true, binding.Spec{}, nil)
	if parts := o.events[0].(event.Trimmed).Parts; len(parts) != maxParts+1 || parts[maxParts] != "and 56 more" || left[maxParts] != "route" {
		t.Errorf("%q", parts)
	}
}
