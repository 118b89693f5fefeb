// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// hostile are a server's routes to what is not its LAN's, and one that is.
const hostile = "--dhcp-option-force=121,0.0.0.0/1,192.0.2.66,128.0.0.0/1,192.0.2.66,10.89.0.1/32,192.0.2.66," +
	"169.254.169.254/32,192.0.2.66,10.0.0.0/8,192.0.2.66,203.0.113.0/24,192.0.2.4,0.0.0.0/0,192.0.2.1"

// inside has dnsmasq give addresses of another network's subnet.
func inside(lan *testlan.LAN) *testlan.Dnsmasq {
	lan.Router.Run("ip", "addr", "add", "10.89.0.62/26", "dev", testlan.RouterLink)
	return lan.Dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=10.89.0.33,10.89.0.40,255.255.255.192,2m",
		"--dhcp-option-force=option:T1,2", "--dhcp-option-force=option:T2,3")
}

// scene is a container with a network of the engine's, called front, which comes before or after
// the LAN.
type scene struct {
	t    *testing.T
	lan  *testlan.LAN
	c    *testlan.NS
	m    tested
	log  *logbook
	link testlan.Link
}

func newScene(t *testing.T, frontFirst bool) *scene {
	t.Helper()
	t.Parallel()
	s := &scene{t: t, lan: testlan.New(t)}
	s.c = s.lan.Container()
	if frontFirst {
		s.front()
	}
	s.link = s.lan.Veth(s.c, "eth0")
	s.m, s.log = onLinux(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.text.String())
		}
	})
	return s
}

func (s *scene) front() {
	s.c.Run("ip", "link", "add", "front", "up", "type", "veth", "peer", "name", "bridge")
	s.c.Run("ip", "link", "set", "bridge", "up")
	s.c.Run("ip", "addr", "add", "10.89.0.5/24", "dev", "front")
}

func (s *scene) acquire(change func(p *leaseapi.Policy)) *leaseapi.Lease {
	s.t.Helper()
	req := requestFor(s.link)
	change(&req.Policy)
	l, _, err := s.m.Acquire(context.Background(), req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { // a renewal may be in flight
		if err := s.m.Release(context.Background(), req.Attachment); err != nil {
			s.t.Error(err)
		}
	})
	return l
}

// by is the interface that the container's traffic leaves by; "": there is no route.
func (s *scene) by(addr string) string {
	s.t.Helper()
	out := s.c.Run("sh", "-c", "ip route get "+addr+" 2>&1 || true")
	_, after, _ := strings.Cut(out, " dev ")
	dev, _, _ := strings.Cut(after, " ")
	return dev
}

func (s *scene) wantWays(ways map[string]string) {
	s.t.Helper()
	for addr, dev := range ways {
		if got := s.by(addr); got != dev {
			s.t.Errorf("the way to %s is %q, want %q", addr, got, dev)
		}
	}
}

func (s *scene) wantLogged(n int) {
	s.t.Helper()
	if got := s.log.count("a part of the lease is left out"); got != n {
		s.t.Errorf("%d lines of what was left out, want %d", got, n)
	}
}

func TestServerTakesNoTrafficOfOthers(t *testing.T) {
	s := newScene(t, true)
	server := s.lan.Dnsmasq(append(t1, hostile)...)
	s.acquire(func(*leaseapi.Policy) {})
	s.c.Run("ip", "route", "add", "default", "via", "10.89.0.1", "metric", "5") // front's is the better one
	s.wantWays(map[string]string{
		"10.89.0.1": "front", "10.89.0.2": "front", "169.254.169.254": "front", "8.8.8.8": "front", "198.51.100.1": "front",
		"10.1.2.3": "front", "203.0.113.7": "eth0", "192.0.2.1": "eth0",
	})
	acks := count(server.Log(), "DHCPACK")
	testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK") > acks })
	s.wantLogged(1) // and not at each renewal
}

// --internal and no_default_route mean no route at all. routes=dhcp has the LAN's other ones.
func TestServerHasNoSayInRoutes(t *testing.T) {
	for name, tt := range map[string]struct {
		policy func(p *leaseapi.Policy)
		dev    string // to where a classless route leads
	}{
		"no default route": {func(p *leaseapi.Policy) { p.NoDefaultRoute = true }, ""},
		"none":             {func(p *leaseapi.Policy) { p.Routes = "none" }, ""},
		"classless":        {func(p *leaseapi.Policy) { p.NoDefaultRoute, p.Routes = true, "dhcp" }, "eth0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, true)
			s.lan.Dnsmasq(append(t1, hostile)...)
			l := s.acquire(tt.policy)
			s.wantWays(map[string]string{"8.8.8.8": "", "169.254.169.254": "", "10.1.2.3": "", "203.0.113.7": tt.dev, "10.89.0.1": "front", "192.0.2.1": "eth0"})
			if l.Gateway.IsValid() || len(l.Routes) != len(tt.dev)/4 {
				t.Errorf("the answer is %+v", l)
			}
		})
	}
}

func TestSubnetOfAnotherNetwork(t *testing.T) {
	for name, frontFirst := range map[string]bool{"there before": true, "made later": false} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, frontFirst)
			server := inside(s.lan)
			l := s.acquire(func(*leaseapi.Policy) {})
			if frontFirst != (l.Address.Bits() == 32) {
				t.Errorf("the answer is %v", l.Address)
			}
			if !frontFirst {
				s.front()
			}
			addr := l.Address.Addr().String()
			testlan.Eventually(t, "the address is alone", func() bool {
				return strings.Contains(s.c.Run("ip", "-4", "addr", "show", "eth0"), addr+"/32 ") && s.log.has("left out")
			})
			s.wantWays(map[string]string{"10.89.0.1": "front", "10.89.0.34": "front", "10.89.0.62": "front", "8.8.8.8": "eth0"})
			if has := s.c.Run("ip", "-4", "addr", "show", "eth0"); strings.Count(has, "inet ") != 1 {
				t.Errorf("eth0 has\n%s", has)
			}
			acks := count(server.Log(), "DHCPACK")
			testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK") > acks })
			s.wantLogged(1)
			s.c.Run("ip", "link", "delete", "front")
			testlan.Eventually(t, "the subnet is back", func() bool {
				return strings.Contains(s.c.Run("ip", "-4", "addr", "show", "eth0"), addr+"/26 ")
			})
		})
	}
}

// Two interfaces on one LAN share its subnet rightly: there is nothing to complain about.
func TestTwoInterfacesOnOneLAN(t *testing.T) {
	s := newScene(t, false)
	s.lan.Dnsmasq(t1...)
	first := s.acquire(func(*leaseapi.Policy) {})
	s.link = s.lan.Macvlan(s.c, "eth1")
	second := s.acquire(func(*leaseapi.Policy) {})
	if first.Address.Bits() != 24 || second.Address.Bits() != 24 {
		t.Errorf("the addresses are %v and %v", first.Address, second.Address)
	}
	s.wantLogged(0)
}

// Podman's network comes before or after the LAN: answers leave by the interface that the question
// came in on, and a network that goes takes its rule along.
func TestAnswersLeaveByTheirInterface(t *testing.T) {
	for name, frontFirst := range map[string]bool{"there before": true, "made later": false} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, frontFirst)
			server := s.lan.Dnsmasq(t1...)
			if frontFirst {
				s.c.Run("ip", "route", "add", "default", "via", "10.89.0.1", "metric", "100")
			}
			l := s.acquire(func(p *leaseapi.Policy) { p.Metric = 200 })
			if !frontFirst {
				s.front()
				s.c.Run("ip", "route", "add", "default", "via", "10.89.0.1", "metric", "100")
			}
			addr := l.Address.Addr().String()
			from := func(addr string) string {
				_, after, _ := strings.Cut(s.c.Run("sh", "-c", "ip route get 8.8.8.8 from "+addr+" 2>&1 || true"), " dev ")
				dev, _, _ := strings.Cut(after, " ")
				return dev
			}
			testlan.Eventually(t, "each address has its way", func() bool { return from(addr) == "eth0" && from("10.89.0.5") == "front" })
			s.wantWays(map[string]string{"8.8.8.8": "front"})
			s.c.Run("ip", "rule", "del", "from", addr)
			testlan.Eventually(t, "a renewal puts it back", func() bool { return from(addr) == "eth0" })
			s.c.Run("ip", "link", "delete", "front")
			acks := count(server.Log(), "DHCPACK")
			testlan.Eventually(t, "the lease is renewed", func() bool { return count(server.Log(), "DHCPACK") > acks })
			testlan.Eventually(t, "the rules are gone", func() bool { return !strings.Contains(s.c.Run("ip", "rule"), "from 1") })
			s.wantLogged(0)
		})
	}
}
