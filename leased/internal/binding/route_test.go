// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

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

// Both at the same time, so that one takes the metric that the other has just
// seen free.
func TestTwoNetworksAtOnce(t *testing.T) {
	lan, eth0 := onVeth(t)
	eth1 := lan.Veth(eth0.NS, "eth1")
	for range 50 {
		done := make(chan Applied, 2)
		for link, addr := range map[*testlan.Link]netip.Prefix{&eth0: first, &eth1: second} {
			go func() {
				s := lease(*link, addr)
				s.Routes = append([]Route{{Dst: doc}}, s.Routes...)
				got, err := tryApply(*link, s, nil)
				got.Problems = append(got.Problems, err)
				done <- got
			}()
		}
		a, b := <-done, <-done
		if err := errors.Join(append(a.Problems, b.Problems...)...); err != nil {
			t.Fatal(err)
		}
		if a.Spec.Metric+b.Spec.Metric != 201 || len(routes(eth0.NS)) != 4 {
			t.Fatalf("metrics %d and %d, routes %q", a.Spec.Metric, b.Spec.Metric, routes(eth0.NS))
		}
		must(t, remove(eth0, a.Spec))
		must(t, remove(eth0, b.Spec))
	}
}

// Somebody got in between looking and adding.
func TestMetricIsTakenMeanwhile(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", first.String(), "dev", "eth0")
	link.NS.Run("ip", "route", "add", "default", "via", "192.0.2.9", "metric", "100")
	link.NS.Netlink(func(h *netlink.Handle) error {
		err := putRoute(h, table{}, lease(link, first), Route{Dst: any4, Via: gateway})
		wantError(t, err, unix.EEXIST)
		return nil
	})
	wantRoutes(t, link.NS, "default via 192.0.2.9 dev eth0 metric 100")
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

// A renewal with other routes: those that are gone go, the gateway changes in
// place, the metric stays.
func TestRoutesChange(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc})
	prev := apply(t, link, s, nil)
	s.Routes = []Route{{Dst: any4, Via: netip.MustParseAddr("192.0.2.2")}, {Dst: netip.MustParsePrefix("203.0.113.0/24")}}
	prev = apply(t, link, s, &prev)
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
	other := lease(link, first)
	other.Ifindex++ // a spec of a link that was here before
	apply(t, link, lease(link, first), &other)
	wantRoutes(t, link.NS, fromFirst)
}

func TestNoMetricIsFree(t *testing.T) {
	full := table{}
	for m := range maxMetrics {
		full[key{any4, 100 + m}] = theirs
	}
	_, err := full.freeMetric(Spec{Metric: 100, Routes: []Route{{Dst: any4}}})
	wantError(t, err, ErrNoMetric)
}
