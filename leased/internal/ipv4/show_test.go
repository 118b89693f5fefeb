// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/resolv"
)

const now = clock.Instant(100 * time.Second)

var (
	router = netip.MustParseAddr("192.0.2.1")
	dns    = netip.MustParseAddr("192.0.2.53")
	rest   = dhcp4.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: router}
	lab    = dhcp4.Route{Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: router}
)

// fakeOwner is an attachment at rest that notes events.
type fakeOwner struct {
	Owner
	events []event.Event
}

func (o *fakeOwner) Now() clock.Instant  { return now }
func (o *fakeOwner) Place() kernel.Place { return kernel.Place{Index: 7} }
func (o *fakeOwner) Emit(e event.Event)  { o.events = append(o.events, e) }

// lease is of an hour.
func lease(change func(l *lease4.Lease)) lease4.Lease {
	l := lease4.Lease{
		Addr: netip.MustParsePrefix("192.0.2.9/24"), Server: router, Start: now, Expiry: now.Add(time.Hour),
		Routes: []dhcp4.Route{rest}, DNS: []netip.Addr{dns}, Domain: "example.net", MTU: 1400,
	}
	change(&l)
	return l
}

func TestEventForEachChange(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(l *lease4.Lease)
		want   []string // what, was, is
	}{
		"renewed": {func(l *lease4.Lease) { l.Start, l.Expiry, l.T1 = l.Start+1, l.Expiry+1, l.T1+1 }, nil},
		"address": {
			func(l *lease4.Lease) { l.Addr = netip.MustParsePrefix("192.0.2.9/25") }, []string{"address 192.0.2.9/24 192.0.2.9/25"},
		},
		"server": {func(l *lease4.Lease) { l.Server = dns }, []string{"server 192.0.2.1 192.0.2.53"}},
		"time":   {func(l *lease4.Lease) { l.Expiry = l.Start.Add(time.Minute) }, []string{"lease time 1h0m0s 1m0s"}},
		"no end": {func(l *lease4.Lease) { l.Expiry = clock.Never }, []string{"lease time 1h0m0s infinite"}},
		"routes": {
			func(l *lease4.Lease) { l.Routes = []dhcp4.Route{lab} },
			[]string{"routes [{0.0.0.0/0 192.0.2.1}] [{198.51.100.0/24 192.0.2.1}]"},
		},
		"mtu":               {func(l *lease4.Lease) { l.MTU = 0 }, []string{"mtu 1400 0"}},
		"dns":               {func(l *lease4.Lease) { l.DNS = nil }, []string{"dns [192.0.2.53] []"}},
		"domain":            {func(l *lease4.Lease) { l.Domain = "" }, []string{"search [example.net] []"}},
		"search":            {func(l *lease4.Lease) { l.Search = []string{"a", "b"} }, []string{"search [example.net] [a b]"}},
		"search as before":  {func(l *lease4.Lease) { l.Search = []string{"example.net"} }, nil},
		"several, in order": {func(l *lease4.Lease) { l.DNS, l.Server = nil, dns }, []string{"server 192.0.2.1 192.0.2.53", "dns [192.0.2.53] []"}},
	} {
		o := &fakeOwner{}
		d := &Driver{cfg: Config{Owner: o}}
		d.setMachine(lease4.New(lease4.Config{}))
		d.emitChanges(lease(func(*lease4.Lease) {}), lease(tt.change))
		if got := changes(o.events); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		o.events = nil
		if d.emitChanges(lease4.Lease{}, lease(tt.change)); len(o.events) > 0 {
			t.Errorf("%s: the first lease is a change: %+v", name, o.events)
		}
	}
}

// changes are the events as the log has them.
func changes(events []event.Event) (all []string) {
	for _, e := range events {
		line := ""
		for _, a := range e.(event.Changed).Attrs() {
			line += " " + a.Value.String()
		}
		all = append(all, line[1:])
	}
	return all
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for expiry, want := range map[clock.Instant]string{now: "0s", now.Add(90 * time.Second): "1m30s", clock.Never: "infinite"} {
		if got := duration(lease(func(l *lease4.Lease) { l.Expiry = expiry })); got != want {
			t.Errorf("%v: %s, want %s", expiry, got, want)
		}
	}
}

func TestNamesOfALease(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		domain string
		search []string
		want   []string
	}{
		"neither": {"", nil, nil},
		"domain":  {"example.net", nil, []string{"example.net"}},
		"search":  {"", []string{"a", "b"}, []string{"a", "b"}},
		"both":    {"example.net", []string{"a", "b"}, []string{"a", "b"}},
	} {
		l := lease(func(l *lease4.Lease) { l.Domain, l.Search = tt.domain, tt.search })
		if got, want := Names(&l), (resolv.Names{Servers: []netip.Addr{dns}, Search: tt.want}); !got.Equal(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got := Names(nil); got.Servers != nil || got.Search != nil {
		t.Errorf("no lease: %+v", got)
	}
}

// Names that are appended later must not be written into the lease's own lists.
func TestNamesHaveNoRoom(t *testing.T) {
	t.Parallel()
	l := lease(func(l *lease4.Lease) {
		l.DNS, l.Search = append(make([]netip.Addr, 0, 4), dns), append(make([]string, 0, 4), "a")
	})
	if n := Names(&l); cap(n.Servers) != 1 || cap(n.Search) != 1 {
		t.Errorf("room for %d servers and %d domains", cap(n.Servers), cap(n.Search))
	}
}
