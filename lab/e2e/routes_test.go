// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"testing"
	"time"
)

const viaEth0 = "default via 192.0.2.1 dev eth0 metric 90"

// Of two default routes one wins, and neither is in the other's way (EEXIST). Which,
// the order of setup decides: netavark before 2 has none.
func TestTwoNetworks(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.macvlan()
	c := s.run("", "--network", a+":interface_name=one", "--network", b+":interface_name=two")
	first, second := c.bound(a, "one"), c.bound(b, "two")
	winner, loser := "one", "two"
	if c.way("203.0.113.1") == "two" {
		winner, loser = loser, winner
	}
	c.hasRoutes("default via 192.0.2.1 dev "+winner+" metric 90", "default via 192.0.2.1 dev "+loser+" metric 91")
	for _, e := range []endpoint{first, second} {
		equal(s, "podman's gateway", e.Gateway, router)
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
	}
	c.remove()
	for _, e := range []endpoint{first, second} {
		s.says(e.MacAddress, "RELEASE "+e.IPAddress)
	}
}

func TestMetric(t *testing.T) {
	s := begin(t)
	a, b := s.bridge("metric=300"), s.bridge()
	c := s.run("", "--network", a+":interface_name=one", "--network", b+":interface_name=two,metric=7")
	c.hasRoutes("default via 192.0.2.1 dev one metric 300", "default via 192.0.2.1 dev two metric 7")
	equal(s, "the way out", c.way("203.0.113.1"), "two")
}

func TestNoDefaultRoute(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option-force=33,203.0.113.0,192.0.2.4")
	internal := s.network(append(opts("bridge=br0", nil), "--internal")...)
	for suffix, network := range map[string]string{"a": internal, "b": s.macvlan("no_default_route=true")} {
		c := s.run(suffix, "--network", network)
		c.hasRoutes()
		if g := c.bound(network, "eth0").Gateway; g != "" && g != "<nil>" { // Podman 5's word for none
			s.Errorf("podman's gateway is %s", g)
		}
	}
}

func TestNoDefaultRouteOfOne(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.bridge()
	c := s.run("", "--network", a+":interface_name=one,no_default_route=true", "--network", b+":interface_name=two")
	c.hasRoutes("default via 192.0.2.1 dev two metric 90")
}

func TestRouteOptions(t *testing.T) {
	const net10 = "10.0.0.0/8,192.0.2.2"
	for name, scene := range map[string]struct{ server, routes []string }{
		"router": {nil, []string{viaEth0}},
		"none":   {[]string{"--dhcp-option=3"}, nil},
		"static": {
			[]string{"--dhcp-option-force=33,203.0.113.0,192.0.2.4"},
			[]string{viaEth0, "203.0.113.0/24 via 192.0.2.4 dev eth0 metric 90"},
		},
		// RFC 3442: a client that has 121 must ignore 3 and 33.
		"classless": {
			[]string{"--dhcp-option-force=121," + net10, "--dhcp-option-force=33,203.0.113.0,192.0.2.4"},
			[]string{"10.0.0.0/8 via 192.0.2.2 dev eth0 metric 90"},
		},
		"classlessdefault": {
			[]string{"--dhcp-option-force=121," + net10 + ",0.0.0.0/0,192.0.2.3"},
			[]string{"10.0.0.0/8 via 192.0.2.2 dev eth0 metric 90", "default via 192.0.2.3 dev eth0 metric 90"},
		},
		"classlessonlink": {
			[]string{"--dhcp-option-force=121,203.0.113.0/24,0.0.0.0,0.0.0.0/0,192.0.2.1"},
			[]string{"203.0.113.0/24 dev eth0 metric 90", viaEth0},
		},
		"microsoft": { // 249, where there is no 121
			[]string{"--dhcp-option-force=249," + net10 + ",0.0.0.0/0,192.0.2.3"},
			[]string{"10.0.0.0/8 via 192.0.2.2 dev eth0 metric 90", "default via 192.0.2.3 dev eth0 metric 90"},
		},
		"offlink": {
			[]string{"--dhcp-option-force=option:router,198.51.100.1"},
			[]string{"default via 198.51.100.1 dev eth0 onlink metric 90"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.server(scene.server...)
			s.run("", "--network", s.bridge()).hasRoutes(scene.routes...)
		})
	}
}

func TestMTU(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option-force=option:mtu,1400")
	for suffix, want := range map[string]struct {
		network string
		mtu     int
	}{
		"a": {s.bridge(), 1400},
		"b": {s.macvlan(), 1400},
		"c": {s.bridge("mtu=1300"), 1300}, // the user's word over the server's
		"d": {s.macvlan("mtu=1300"), 1300},
		"e": {s.bridge("com.docker.network.driver.mtu=1280"), 1280},
	} {
		equal(s, "the MTU", s.run(suffix, "--network", want.network).link("eth0").MTU, want.mtu)
		equal(s, "the bridge's MTU", hostLink(s, "br0").MTU, 1500) // it is other containers' too
	}
}

// An MTU that the bridge or parent cannot carry is not applied.
func TestMTUTooLarge(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option-force=option:mtu,9000")
	for suffix, network := range map[string]string{"a": s.bridge(), "b": s.macvlan()} {
		equal(s, "the MTU", s.run(suffix, "--network", network).link("eth0").MTU, 1500)
	}
}

// What a server may not take: all traffic of a network without routes, another network's
// gateway and name server, and the metadata address.
func TestInternalKeepsItsWord(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option-force=121,0.0.0.0/1,192.0.2.66,128.0.0.0/1,192.0.2.66,10.123.0.1/32,192.0.2.66," +
		"169.254.169.254/32,192.0.2.66,203.0.113.0/24,192.0.2.4,0.0.0.0/0,192.0.2.1")
	front := s.name + "front"
	must(s, "podman", "network", "create", "--subnet", "10.123.0.0/24", front)
	for suffix, lan := range map[string]struct{ network, classless string }{
		"internal":  {s.network(append(opts("bridge=br0", nil), "--internal")...), "front"},
		"nodefault": {s.bridge("no_default_route=true"), "front"},
		"classless": {s.bridge("no_default_route=true", "routes=dhcp"), "lan"},
		"all":       {s.bridge("metric=1000"), "lan"},
	} {
		c := s.run(suffix, "--network", front+":interface_name=front", "--network", lan.network+":interface_name=lan")
		s.says(c.endpoint(lan.network).MacAddress, dora(c.endpoint(lan.network).IPAddress, c.name)...)
		ways := map[string]string{
			"10.123.0.1": "front", "10.123.0.77": "front", "169.254.169.254": "front", "8.8.8.8": "front", "198.51.100.1": "front",
			"203.0.113.7": lan.classless, "192.0.2.1": "lan",
		}
		// Podman may come to front after the LAN: then the routes go two seconds later.
		eventually(s, 5*time.Second, suffix+": the ways "+fmt.Sprint(ways), func() bool {
			for addr, dev := range ways {
				if c.way(addr) != dev {
					return false
				}
			}
			return true
		})
		c.remove()
	}
	contains(s, "the log", s.journal(), "a part of the lease is left out", "route to 0.0.0.0/1: wider than /8")
}
