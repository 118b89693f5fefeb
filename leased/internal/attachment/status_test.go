// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

const now = clock.Instant(100 * time.Second)

var (
	server, gateway = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.254")
	dns, dns6       = netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")
	gateway6        = netip.MustParseAddr("fe80::1")
	rest            = netip.MustParsePrefix("0.0.0.0/0")
	lab             = netip.MustParsePrefix("198.51.100.0/24")
)

// shown4 is a snapshot with an IPv4 lease that is in the kernel.
func shown4() *Snapshot {
	req := &request.Request{
		Attachment: request.Attachment{ContainerID: "id1", ContainerName: "web1", Network: "lan", Interface: "eth0"},
		Link:       request.Link{Netns: "/run/netns/1", Index: 2, MAC: []byte{2, 0, 0, 0, 0, 1}, Host: "br0", MTU: 1500},
	}
	l := lease4.Lease{
		Addr: netip.MustParsePrefix("192.0.2.9/24"), Server: server,
		Start: now, T1: now.Add(30 * time.Minute), T2: now.Add(52 * time.Minute), Expiry: now.Add(time.Hour),
		DNS: []netip.Addr{dns}, Domain: "example.net", MTU: 9000,
	}
	bound := binding.Spec{Ifindex: 2, Addr: l.Addr, MTU: 1400, Routes: []binding.Route{{Dst: lab, Via: server}, {Dst: rest, Via: gateway}}}
	return &Snapshot{req: req, phase: Ready, v4: ipv4.Shown{State: "BOUND", Lease: &l, Bound: &bound}}
}

// shown6 is what there is of IPv6.
func shown6() *ipv6.Shown {
	return &ipv6.Shown{
		State: "BOUND", Gateway: gateway6,
		Addrs: []leaseapi.Address6{{Address: netip.MustParsePrefix("2001:db8::1/64"), Source: leaseapi.SourceSLAAC}},
		Names: []resolv.Names{{Servers: []netip.Addr{dns6}, Search: []string{"six.example"}}, {}},
	}
}

func seconds(n int64) *int64 { return &n }

func TestStatus(t *testing.T) {
	t.Parallel()
	s := shown4()
	s.v6 = shown6()
	want := leaseapi.Status{
		Attachment: leaseapi.Attachment{ContainerID: "id1", ContainerName: "web1", Network: "lan", Interface: "eth0"},
		Link:       leaseapi.Link{Netns: "/run/netns/1", Index: 2, MAC: "02:00:00:00:00:01", Host: "br0", MTU: 1500},
		State:      "BOUND", State6: "BOUND",
		Lease: &leaseapi.Lease{
			Address: s.v4.Lease.Addr, Gateway: gateway, MTU: 1400, Server: server,
			Routes: []leaseapi.Route{{Destination: lab, Gateway: server}, {Destination: rest, Gateway: gateway}},
			DNS:    []netip.Addr{dns, dns6}, Search: []string{"example.net", "six.example"},
			Renew: seconds(1800), Rebind: seconds(3120), Expire: seconds(3600),
			IPv6: s.v6.Addrs, Gateway6: gateway6,
		},
	}
	if got := s.Status(now); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// HELD stands in the place of the machine's state.
func TestStatesOfBothFamilies(t *testing.T) {
	t.Parallel()
	for p := Queued; p <= Over; p++ {
		s := shown4()
		s.phase, s.v4.State, s.v6 = p, "REBINDING", &ipv6.Shown{State: "CONFIRMING"}
		want := "REBINDING"
		if p == Held {
			want = "HELD"
		}
		if got := s.Status(now); got.State != want || got.State6 != "CONFIRMING" {
			t.Errorf("%v: %s, %s", p, got.State, got.State6)
		}
	}
	if got := shown4().Status(now).State6; got != "" {
		t.Errorf("without IPv6 its state is %q", got)
	}
}

func TestNoLeaseIsNil(t *testing.T) {
	t.Parallel()
	nothing6 := shown6()
	nothing6.Addrs = nil
	for name, tt := range map[string]struct {
		lease4 bool
		v6     *ipv6.Shown
		want   bool
	}{
		"nothing":         {false, nil, false},
		"names only":      {false, nothing6, false},
		"IPv4":            {true, nil, true},
		"IPv6":            {false, shown6(), true},
		"IPv4, names too": {true, nothing6, true},
	} {
		s := shown4()
		if s.v6 = tt.v6; !tt.lease4 {
			s.v4 = ipv4.Shown{State: "SELECTING"}
		}
		if got := s.reply(now); (got != nil) != tt.want || !reflect.DeepEqual(s.Status(now).Lease, got) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReplyOfIPv6Only(t *testing.T) {
	t.Parallel()
	s := shown4()
	s.v4, s.v6 = ipv4.Shown{State: "INIT"}, shown6()
	want := &leaseapi.Lease{DNS: []netip.Addr{dns6}, Search: []string{"six.example"}, IPv6: s.v6.Addrs, Gateway6: gateway6}
	if got := s.reply(now); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Routes, gateway and MTU are the kernel's, not the lease's.
func TestGatewayIsTheKernels(t *testing.T) {
	t.Parallel()
	onLink, first := binding.Route{Dst: rest}, binding.Route{Dst: rest, Via: gateway}
	for name, tt := range map[string]struct {
		bound *binding.Spec
		want  netip.Addr
		mtu   int
	}{
		"nothing applied":  {nil, netip.Addr{}, 0},
		"no routes":        {&binding.Spec{MTU: 1300}, netip.Addr{}, 1300},
		"no default route": {&binding.Spec{Routes: []binding.Route{{Dst: lab, Via: server}}}, netip.Addr{}, 0},
		"the first one":    {&binding.Spec{Routes: []binding.Route{first, {Dst: rest, Via: server}}}, gateway, 0},
		"on-link":          {&binding.Spec{Routes: []binding.Route{onLink}}, netip.Addr{}, 0},
	} {
		s := shown4()
		s.v4.Bound = tt.bound
		r := s.reply(now)
		if r.Gateway != tt.want || r.MTU != tt.mtu || tt.bound != nil && len(r.Routes) != len(tt.bound.Routes) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSecondsLeft(t *testing.T) {
	t.Parallel()
	for at, want := range map[clock.Instant]int64{
		now: 0, now - 1: 0, 0: 0, now + clock.Instant(time.Second) - 1: 0, now.Add(time.Second): 1, now.Add(90 * time.Minute): 5400,
	} {
		if got := left(at, now); got == nil || *got != want {
			t.Errorf("until %v: %v, want %d", at, got, want)
		}
	}
	if got := left(clock.Never, now); got != nil {
		t.Errorf("never: %d", *got)
	}
}

// IPv4's names come first, then DHCPv6's, then the routers'. No name comes twice.
func TestNamesOfAllSources(t *testing.T) {
	t.Parallel()
	other := netip.MustParseAddr("2001:db8::54")
	s := shown4()
	room := append(make([]netip.Addr, 0, 8), dns)
	s.v4.Lease.DNS = room
	s.v6 = &ipv6.Shown{Names: []resolv.Names{
		{Servers: []netip.Addr{dns6, dns}, Search: []string{"six.example", "example.net"}},
		{Servers: []netip.Addr{other, dns6}, Search: []string{"ra.example", "six.example"}},
	}}
	want := resolv.Names{Servers: []netip.Addr{dns, dns6, other}, Search: []string{"example.net", "six.example", "ra.example"}}
	if got := s.names(); !got.Equal(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if after := room[:cap(room)]; slices.Contains(after[1:], dns6) {
		t.Errorf("the lease's own list has grown: %v", after)
	}
	s.v4.Lease = nil
	want = resolv.Names{Servers: []netip.Addr{dns6, dns, other}, Search: []string{"six.example", "example.net", "ra.example"}}
	if got := s.names(); !got.Equal(want) {
		t.Errorf("without IPv4: %+v, want %+v", got, want)
	}
}
