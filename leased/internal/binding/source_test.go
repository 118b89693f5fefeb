// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// far is an address behind the routers of both LANs, so it comes in by either.
const far = "203.0.113.1"

// twoLANs is a container on two LANs. The second one's router is 10.89.0.1, and back has no
// address yet.
func twoLANs(t *testing.T) (lan, other *testlan.LAN, eth0, back testlan.Link) {
	t.Helper()
	lan, eth0 = onVeth(t)
	other = testlan.New(t)
	back = other.Veth(eth0.NS, "back")
	other.Router.Run("ip", "addr", "add", "10.89.0.1/24", "dev", testlan.RouterLink)
	for _, router := range []*testlan.NS{lan.Router, other.Router} {
		router.Run("ip", "addr", "add", far+"/32", "dev", "lo")
	}
	for _, name := range []string{"all", "eth0", "back"} {
		eth0.NS.Sysctl("net/ipv4/conf/"+name+"/rp_filter", "1")
	}
	return lan, other, eth0, back
}

// wantAnswers asks from far. The router may have found no neighbour a moment ago.
func wantAnswers(t *testing.T, want bool, from *testlan.NS, addr string) {
	t.Helper()
	wait := map[bool]string{true: "3", false: "0.3"}[want]
	got := strings.Contains(from.Run("sh", "-c", "ping -c1 -W"+wait+" -I "+far+" "+addr+" || true"), " 1 received")
	if got != want {
		t.Errorf("%s answers %s: %v, want %v", addr, far, got, want)
	}
}

// beside is lease with what Others finds.
func beside(t *testing.T, link testlan.Link, s Spec) Spec {
	t.Helper()
	c := on(t, link)
	defer c.Close()
	others, err := c.Others(link.Index)
	must(t, err)
	s.Sources = &Sources{Others: others}
	return s
}

func rules(ns *testlan.NS) string {
	var out []string
	for line := range strings.Lines(ns.Run("ip", "-4", "rule")) {
		if strings.Contains(line, "from 192.0.2.") || strings.Contains(line, "from 10.") {
			out = append(out, strings.Join(strings.Fields(line)[1:5], " "))
		}
	}
	return strings.Join(out, ", ")
}

// An answer leaves by the interface that the question came in on, whichever network has the
// default route, and also where a router of Podman's has it.
func TestAnswersLeaveWhereTheQuestionCameIn(t *testing.T) {
	for name, metric := range map[string]int{"the LAN's default route": 90, "the other's": 200} {
		t.Run(name, func(t *testing.T) {
			lan, other, eth0, back := twoLANs(t)
			eth0.NS.Run("ip", "addr", "add", "10.89.0.5/24", "dev", "back")
			eth0.NS.Run("ip", "route", "add", "default", "via", "10.89.0.1", "dev", "back", "metric", "100")
			s := lease(eth0, first)
			s.Metric = metric
			prev := apply(t, eth0, s, nil)
			wantAnswers(t, metric < 100, lan.Router, "192.0.2.77")
			wantAnswers(t, metric > 100, other.Router, "10.89.0.5")
			s = beside(t, eth0, s)
			prev = apply(t, eth0, s, &prev)
			for range 2 {
				wantAnswers(t, true, lan.Router, "192.0.2.77")
				wantAnswers(t, true, other.Router, "10.89.0.5")
				eth0.NS.Run("ip", "rule", "del", "from", "192.0.2.77") // a renewal puts it back
				prev = apply(t, eth0, s, &prev)
			}
			if got := sysctlOf(eth0, "arp_filter"); got != "1" || sysctlOf(back, "arp_filter") != "0" {
				t.Errorf("arp_filter %s", got)
			}
			must(t, remove(eth0, prev))
			if got := rules(eth0.NS) + tables(eth0.NS); got != "" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

func sysctlOf(link testlan.Link, name string) string {
	return strings.TrimSpace(link.NS.Run("cat", "/proc/sys/net/ipv4/conf/"+link.Name+"/"+name))
}

// tables are the routes in tables of Sources.
func tables(ns *testlan.NS) string {
	return ns.Run("sh", "-c", "ip -4 route show table all | grep -F 'table 68' || true")
}

// Two leases in one container: each has its own rule, and takes only its own away.
func TestSourcesOfTwoLeases(t *testing.T) {
	_, other, eth0, back := twoLANs(t)
	a := apply(t, eth0, lease(eth0, first), nil)
	two := lease(back, netip.MustParsePrefix("10.89.0.7/24"))
	two.Routes[0].Via = netip.MustParseAddr("10.89.0.1")
	two = beside(t, back, two)
	if o := two.Sources.Others; len(o) != 1 || o[0].Via.IsValid() {
		t.Errorf("a rule for an address that has its own: %v", o)
	}
	b := apply(t, back, two, nil)
	wantAnswers(t, true, other.Router, "10.89.0.7")
	a = apply(t, eth0, beside(t, eth0, lease(eth0, first)), &a)
	if got := rules(eth0.NS); got != "from 10.89.0.7 lookup 68003, from 192.0.2.77 lookup 68002" &&
		got != "from 192.0.2.77 lookup 68002, from 10.89.0.7 lookup 68003" {
		t.Errorf("rules: %s", got)
	}
	must(t, remove(eth0, a))
	wantAnswers(t, true, other.Router, "10.89.0.7")
	must(t, remove(back, b))
	if got := rules(eth0.NS) + tables(eth0.NS); got != "" {
		t.Errorf("left: %s", got)
	}
}

// Another address, other routes, another network beside it: what is over goes.
func TestSourcesChange(t *testing.T) {
	lan, _, eth0, _ := twoLANs(t)
	s := lease(eth0, first)
	s.Sources, s.Routes = &Sources{}, append(s.Routes, Route{Dst: doc, Via: gateway})
	prev := apply(t, eth0, s, nil)
	s.Addr, s.Routes = second, []Route{{Dst: any4, Via: netip.MustParseAddr("192.0.2.2")}}
	changes := monitor(t, eth0.NS)
	prev = apply(t, eth0, s, &prev)
	changes()
	if got, want := rules(eth0.NS), "from 192.0.2.78 lookup 68002"; got != want {
		t.Errorf("rules: %q, want %q", got, want)
	}
	if got := tables(eth0.NS); strings.Count(got, " table 68002 ") != 2 || !strings.Contains(got, "default via 192.0.2.2 ") {
		t.Errorf("routes: %q", got)
	}
	s.Routes[0].Via = gateway
	prev = apply(t, eth0, s, &prev)
	wantAnswers(t, true, lan.Router, "192.0.2.78")
	s.Sources = nil
	apply(t, eth0, s, &prev)
	if got := rules(eth0.NS) + tables(eth0.NS); got != "" {
		t.Errorf("left: %s", got)
	}
}

// A renewal that changes nothing changes no rule and no route.
func TestSourcesStayAtARenewal(t *testing.T) {
	_, _, eth0, _ := twoLANs(t)
	s := lease(eth0, first)
	s.Sources = &Sources{}
	prev := apply(t, eth0, s, nil)
	changes := monitor(t, eth0.NS)
	apply(t, eth0, s, &prev)
	if got := changes(); len(got) > 1 { // the address's lifetimes
		t.Errorf("the kernel did %q", got)
	}
}

// Two interfaces on one LAN: each answers ARP for its own address only, also the one whose lease
// does not know yet of the other.
func TestARPOfTwoInterfacesOnOneLAN(t *testing.T) {
	lan, eth0 := onVeth(t)
	eth1 := lan.Macvlan(eth0.NS, "eth1")
	apply(t, eth0, lease(eth0, first), nil)
	apply(t, eth1, beside(t, eth1, lease(eth1, second)), nil)
	if got := sysctlOf(eth0, "arp_filter"); got != "1" {
		t.Errorf("arp_filter of eth0 is %s", got)
	}
	for addr, mac := range map[string]string{"192.0.2.77": eth0.MAC.String(), "192.0.2.78": eth1.MAC.String()} {
		lan.Router.Run("ping", "-c1", "-W2", addr)
		if got := lan.Router.Run("ip", "neigh", "show", addr); !strings.Contains(got, mac) {
			t.Errorf("%s is at %s, want %s", addr, got, mac)
		}
	}
}
