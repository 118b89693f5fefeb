// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestRoutesOfALease(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = []Route{
		{Dst: netip.MustParsePrefix("198.51.100.9/24"), Via: netip.MustParseAddr("192.0.2.2")}, // bits beyond the mask
		{Dst: netip.MustParsePrefix("203.0.113.0/24")},
		{Dst: any4, Via: gateway},
		{Dst: any4, Via: netip.MustParseAddr("192.0.2.3")}, // a second router: the first is preferred
	}
	apply(t, link, s, nil)
	wantRoutes(t, link.NS, fromFirst,
		"198.51.100.0/24 via 192.0.2.2 dev eth0 proto dhcp src 192.0.2.77 metric 100",
		"203.0.113.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100")
}

// A /32 and a gateway elsewhere, as some providers give it; it really works.
func TestGatewayIsNotInTheSubnet(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, netip.MustParsePrefix("192.0.2.77/32"))
	s.Routes = append(s.Routes, Route{Dst: doc, Via: gateway})
	now := apply(t, link, s, nil)
	wantRoutes(t, link.NS, fromFirst+" onlink", "198.51.100.0/24 via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 100 onlink")
	link.NS.Run("ping", "-c1", "-W2", gateway.String())
	must(t, remove(link, now))
	wantRoutes(t, link.NS)
}

// Two networks in one container: the second takes the next metric, both keep
// theirs when they renew, and each takes only its own away.
func TestTwoNetworksWantOneMetric(t *testing.T) {
	lan, eth0 := onVeth(t)
	eth1 := lan.Macvlan(eth0.NS, "eth1")
	a := apply(t, eth0, lease(eth0, first), nil)
	b := apply(t, eth1, lease(eth1, second), nil)
	const fromSecond = "default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.78 metric 101"
	if a.Metric != 100 || b.Metric != 101 {
		t.Errorf("metrics %d and %d", a.Metric, b.Metric)
	}
	for range 2 {
		wantRoutes(t, eth0.NS, fromFirst, fromSecond)
		b = apply(t, eth1, lease(eth1, second), &b)
		a = apply(t, eth0, lease(eth0, first), &a)
	}
	must(t, remove(eth0, a))
	b = apply(t, eth1, lease(eth1, second), &b)
	wantRoutes(t, eth0.NS, fromSecond) // not back to 100: it is the one that connections use
	must(t, remove(eth1, b))
	wantRoutes(t, eth0.NS)
}

// All at the same time, so that one takes the metric that another has just seen free.
func TestManyNetworksAtOnce(t *testing.T) {
	lan, link := onVeth(t)
	links := []testlan.Link{link}
	for len(links) < 6 {
		links = append(links, lan.Veth(link.NS, "eth"+string(rune('0'+len(links)))))
	}
	for range 20 {
		done := make([]Applied, len(links))
		var all sync.WaitGroup
		for i, link := range links {
			all.Go(func() {
				s := lease(link, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(70 + i)}), 24))
				s.Routes = append([]Route{{Dst: doc}}, s.Routes...)
				var err error
				if done[i], err = tryApply(link, s, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		metrics := map[int]bool{}
		for _, d := range done {
			metrics[d.Spec.Metric] = true
			if len(d.Problems) > 0 {
				t.Error(d.Problems)
			}
		}
		if have := routes(link.NS); len(metrics) != len(links) || len(have) != 2*len(links) {
			t.Errorf("metrics %v, routes %q", metrics, have)
		}
		for i, d := range done {
			must(t, remove(links[i], d.Spec))
		}
		wantRoutes(t, link.NS)
	}
}

// What others have stays, on our interface too, whatever it looks like.
func TestForeignRoutesStay(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", "192.0.2.200/24", "dev", "eth0")
	link.NS.Run("ip", "route", "add", "default", "via", "192.0.2.9", "metric", "100")
	link.NS.Run("ip", "route", "add", doc.String(), "via", "192.0.2.9", "metric", "101")
	link.NS.Run("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9", "proto", "dhcp")
	foreign := routes(link.NS)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc, Via: gateway})
	now := apply(t, link, s, nil)
	if now.Metric != 102 { // one metric that is free for all
		t.Errorf("metric %d", now.Metric)
	}
	wantRoutes(t, link.NS, append(foreign,
		"default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 102",
		"198.51.100.0/24 via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 102")...)
	now = apply(t, link, s, &now)
	must(t, remove(link, now))
	wantRoutes(t, link.NS, foreign...)
	// Nor does naming them make them ours.
	claimed := now
	claimed.Metric, claimed.Routes = 100, []Route{{Dst: any4}, {Dst: doc}}
	must(t, remove(link, claimed))
	wantRoutes(t, link.NS, foreign...)
}

// netavark adds a default route of its own at our key, which the kernel puts before ours. A
// renewal that changes nothing in the lease changes nothing in the kernel either.
func TestRenewalBesideNetavarksRoute(t *testing.T) {
	lan, link := onVeth(t)
	prev := apply(t, link, lease(link, first), nil)
	lan.Veth(link.NS, "eth1")
	link.NS.Run("ip", "addr", "add", "10.88.0.2/16", "dev", "eth1")
	link.NS.Run("ip", "route", "prepend", "default", "via", "10.88.0.1", "metric", "100", "proto", "static")
	before := routes(link.NS)
	changes := monitor(t, link.NS)
	for range 3 {
		prev = apply(t, link, lease(link, first), &prev)
	}
	if got := changes(); slices.Contains(got, "new route") || slices.Contains(got, "deleted route") || prev.Metric != 100 {
		t.Errorf("the kernel did %q; the metric is %d", got, prev.Metric)
	}
	wantRoutes(t, link.NS, before...)
	s := lease(link, first) // the gateway changes, in its place
	s.Routes[0].Via = gateway.Next()
	if apply(t, link, s, &prev).Metric != 100 {
		t.Errorf("routes are %q", routes(link.NS))
	}
}

// A renewal with other routes: those that are gone go, the gateway changes without a
// gap, the metric stays.
func TestRoutesChange(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc})
	prev := apply(t, link, s, nil)
	s.Routes = []Route{{Dst: any4, Via: netip.MustParseAddr("192.0.2.2")}, {Dst: netip.MustParsePrefix("203.0.113.0/24")}}
	changes := monitor(t, link.NS)
	prev = apply(t, link, s, &prev)
	if got := changes(); !slices.Equal(got, []string{"new address", "new route", "deleted route", "new route", "deleted route"}) {
		t.Errorf("the kernel did %q", got)
	}
	wantRoutes(t, link.NS, "default via 192.0.2.2 dev eth0 proto dhcp src 192.0.2.77 metric 100",
		"203.0.113.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100")
	s.Metric, s.Routes = 200, s.Routes[:1]
	prev = apply(t, link, s, &prev)
	wantRoutes(t, link.NS, "default via 192.0.2.2 dev eth0 proto dhcp src 192.0.2.77 metric 200")
	s.Routes = nil
	apply(t, link, s, &prev)
	wantRoutes(t, link.NS)
	wantAddrs(t, link, first)
}

// The daemon died between Apply and writing it down.
func TestApplyAgainWithoutPrev(t *testing.T) {
	_, link := onVeth(t)
	apply(t, link, lease(link, first), nil)
	if now := apply(t, link, lease(link, first), nil); now.Metric != 100 {
		t.Errorf("metric %d", now.Metric)
	}
	wantRoutes(t, link.NS, fromFirst)
}

// prev is of a link that was here before: it says nothing about this one.
func TestPrevIsOfAnotherLink(t *testing.T) {
	lan, eth0 := onVeth(t)
	eth1 := lan.Veth(eth0.NS, "eth1")
	s := lease(eth1, second)
	s.Metric = 150
	prev := apply(t, eth1, s, nil)
	apply(t, eth0, lease(eth0, first), &prev)
	wantRoutes(t, eth0.NS, fromFirst, "default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.78 metric 150")
	wantAddrs(t, eth1, second)
}

func TestNoMetricIsFree(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", "192.0.2.200/24", "dev", "eth0")
	link.NS.Run("sh", "-c", "for m in $(seq 100 400); do echo route add default via 192.0.2.9 metric $m; done | ip -batch -")
	before := routes(link.NS)
	_, err := tryApply(link, lease(link, first), nil)
	wantError(t, err, ErrNoMetric)
	wantRoutes(t, link.NS, before...)
}
