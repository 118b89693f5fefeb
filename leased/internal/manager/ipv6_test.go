// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

var (
	prefix6  = netip.MustParsePrefix("2001:db8::/64")
	slaac6   = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8::42/64"), Source: leaseapi.SourceSLAAC}
	leased6  = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8::100/128"), Source: leaseapi.SourceDHCP}
	leased6b = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8::101/128"), Source: leaseapi.SourceDHCP}
	dns6     = netip.MustParseAddr("2001:db8::53")
	rdnss    = netip.MustParseAddr("2001:db8::54")
)

// container6 is a container that wants IPv6, on a LAN with a DHCPv6 server.
func (w *world) container6(i int, mode string) leaseapi.AcquireRequest {
	req := w.container(i + 9)
	req.Client.DUID, req.Client.IAID, req.Client.Secret = "00040102030405060708090a0b0c0d0e0f10", uint32(i), fmt.Sprintf("000102030405060708090a0b0c0d%04x", 0x0e0e+i)
	req.Policy.IPv6, req.Policy.IPv6TimeoutMS, req.Policy.ResolvConf = mode, 2000, true
	if w.kernel.six.server == nil {
		w.kernel.six.server = newServer6()
	}
	return req
}

func (w *world) wantHeard6(want ...string) {
	w.t.Helper()
	s := w.kernel.six.server
	w.want("the DHCPv6 server heard", s.since(), want)
	if s.bad != nil {
		w.t.Error(s.bad)
	}
}

func (w *world) want6(l *leaseapi.Lease, want ...leaseapi.Address6) {
	w.t.Helper()
	if l == nil || !slices.Equal(l.IPv6, want) {
		w.t.Errorf("IPv6 is %+v, want %+v", l, want)
	}
}

// shown is what List has of the only attachment.
func (w *world) shown() leaseapi.Status {
	w.t.Helper()
	list := listed(w.m)
	if len(list) != 1 {
		w.t.Fatalf("%d attachments", len(list))
	}
	return list[0]
}

// took is how long an Acquire takes.
func (w *world) took(req leaseapi.AcquireRequest) (*leaseapi.Lease, time.Duration) {
	w.t.Helper()
	start := time.Now()
	l, _, err := w.m.Acquire(context.Background(), req)
	d := time.Since(start)
	if err != nil {
		w.t.Fatal(err)
	}
	w.rest()
	return l, d
}

func TestRoutersFlagsDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		mode  string
		r     router6
		want  []leaseapi.Address6
		heard []string
		dns   []netip.Addr
		auto  bool
	}{
		"slaac":                {"auto", router6{prefix: prefix6, dns: rdnss}, []leaseapi.Address6{slaac6}, nil, []netip.Addr{rdnss}, true},
		"stateless":            {"auto", router6{prefix: prefix6, other: true, dns: rdnss}, []leaseapi.Address6{slaac6}, []string{"INFORMATION-REQUEST by dhcp6"}, []netip.Addr{dns6, rdnss}, true},
		"stateful":             {"auto", router6{managed: true}, []leaseapi.Address6{leased6}, []string{"SOLICIT by dhcp6", "REQUEST by dhcp6"}, []netip.Addr{dns6}, true},
		"both":                 {"auto", router6{managed: true, prefix: prefix6}, []leaseapi.Address6{leased6, slaac6}, []string{"SOLICIT by dhcp6", "REQUEST by dhcp6"}, []netip.Addr{dns6}, true},
		"mode slaac, stateful": {"slaac", router6{managed: true, prefix: prefix6}, []leaseapi.Address6{slaac6}, nil, nil, true},
		"mode dhcp, slaac":     {"dhcp", router6{prefix: prefix6}, []leaseapi.Address6{leased6}, []string{"SOLICIT by dhcp6", "REQUEST by dhcp6"}, []netip.Addr{dns6}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.router = &tt.r
				req := w.container6(1, tt.mode)
				l, took := w.took(req)
				w.want6(l, tt.want...)
				w.wantHeard6(tt.heard...)
				if !slices.Equal(l.DNS, append([]netip.Addr{netip.MustParseAddr("192.0.2.53")}, tt.dns...)) && !slices.Equal(l.DNS, tt.dns) {
					t.Errorf("DNS is %v, want %v", l.DNS, tt.dns)
				}
				if l.Gateway6 != routerAddr || took > 50*time.Millisecond {
					t.Errorf("gateway %v after %v", l.Gateway6, took)
				}
				if a := w.kernel.six.autos[req.Link.Netns]; a.Addresses != tt.auto || !a.Accept || a.Secret[1] != 1 {
					t.Errorf("the kernel was told %+v", a)
				}
				w.pass(30 * time.Second)
				if n := w.kernel.open.Load(); n != 1 || w.kernel.held() != 0 {
					t.Errorf("%d sockets are open at rest, and not the router listener alone; %d netns", n, w.kernel.held())
				}
			})
		})
	}
}

// The router announces addresses by DHCPv6, but the server has DNS servers alone. The start has
// these, and does not wait for more.
func TestServerWithoutAddresses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true, prefix: prefix6}
		req := w.container6(1, "auto")
		w.kernel.six.server.with(func(s *server6) {
			s.elsehow = func(typ dhcp6.Type) []byte {
				if typ == dhcp6.Solicit {
					return dhcp6test.OptStatus(2, "no addresses")
				}
				return nil
			}
		})
		l, took := w.took(req)
		w.want6(l, slaac6)
		if took > 200*time.Millisecond || !slices.Contains(l.DNS, dns6) {
			t.Errorf("took %v, DNS is %v", took, l.DNS)
		}
		w.wantHeard6("SOLICIT by dhcp6", "INFORMATION-REQUEST by dhcp6")
	})
}

// A router that comes up with the LAN cannot advertise before its own DAD is over. The first
// start has its IPv6 all the same.
func TestRouterOnALANThatComesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router, w.kernel.six.justUp, w.kernel.six.after = &router6{managed: true}, true, 3
		l, took := w.took(w.container6(1, "auto"))
		w.want6(l, leased6)
		if took < solicitWait || took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The kernel is told of routers' routes before it can hear a router (RFC 4191). Without any routes
// of the LAN there are none of these either.
func TestRoutesOfRoutersFromTheFirst(t *testing.T) {
	for _, c := range []struct {
		is, want bool
		routes   string
	}{{true, true, ""}, {true, true, "dhcp"}, {true, false, "none"}, {false, false, ""}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
				req.Policy.RARoutes, req.Policy.Routes = c.is, c.routes
				w.acquire(req)
				if told := w.kernel.six.told; told.Routes != c.want || !told.Accept {
					t.Errorf("%+v", told)
				}
			})
		})
	}
}

// Such a LAN without a router costs the first start its time for IPv6, and the next one nothing
// when the LAN is older.
func TestNoRouterOnALANThatComesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.justUp = true
		if l, took := w.took(w.container6(1, "auto")); took != 2*time.Second || len(l.IPv6) != 0 {
			t.Errorf("the first took %v: %+v", took, l)
		}
		if n := w.kernel.six.solicited; n > 6 {
			t.Errorf("%d solicitations", n)
		}
		w.kernel.six.justUp = false
		if _, took := w.took(w.container6(2, "auto")); took != solicitWait {
			t.Errorf("the second took %v", took)
		}
		if _, took := w.took(w.container6(3, "auto")); took > 0 {
			t.Errorf("the third took %v", took)
		}
	})
}

// Without a router the first start waits for the solicitation, and for nothing when
// that is known; with IPv6 off nobody is asked.
func TestNoRouterHoldsNobodyUp(t *testing.T) {
	inWorld(t, func(w *world) {
		if l, took := w.took(w.container6(1, "auto")); took != solicitWait || len(l.IPv6) != 0 {
			t.Errorf("the first took %v: %+v", took, l)
		}
		if _, took := w.took(w.container6(2, "auto")); took > 0 {
			t.Errorf("the second took %v", took)
		}
		off := w.container6(3, "off")
		if _, took := w.took(off); took > 0 {
			t.Errorf("with IPv6 off it took %v", took)
		}
		if a := w.kernel.six.autos[off.Link.Netns]; a.Accept || a.Interface != "eth0" {
			t.Errorf("with IPv6 off the kernel was told %+v", a)
		}
		// A router that comes is one for all, and for those to come.
		w.kernel.six.router = &router6{prefix: prefix6}
		w.kernel.advertise(*w.kernel.six.router)
		w.pass(2 * time.Second)
		for _, s := range listed(w.m) {
			if s.Attachment.ContainerName != "web12" {
				w.want6(s.Lease, slaac6)
			}
		}
		if l, took := w.took(w.container6(4, "auto")); took > 20*time.Millisecond || len(l.IPv6) != 1 {
			t.Errorf("with a router it took %v: %+v", took, l)
		}
	})
}

// The container goes before the next leased has looked at it.
func TestReleaseAfterRestart6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.stop()
		w.kernel.six.server.since()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.release(req.Attachment)
		w.wantHeard6("RELEASE by dhcp6")
		w.wantNothingLeft()
	})
}

// The LAN is told of each address when DAD is over, once, and not again by the next leased.
func TestAddressesAreAdvertised(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true, prefix: prefix6}
		w.acquire(w.container6(1, "auto"))
		told := func() []string {
			return slices.DeleteFunc(w.kernel.since(), func(c string) bool { return !strings.HasPrefix(c, "advertise") })
		}
		if got := told(); len(got) > 0 {
			t.Errorf("before DAD is over: %q", got)
		}
		w.pass(time.Minute)
		if got := slices.Sorted(slices.Values(told())); !slices.Equal(got, []string{"advertise 2001:db8::100", "advertise 2001:db8::42"}) {
			t.Errorf("told of %q", got)
		}
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		if got := told(); len(got) > 0 {
			t.Errorf("after a restart: %q", got)
		}
	})
}

// The last router's word on DNS stays when it ends: no resolver is worse than an old one.
func TestRouterThatFallsSilent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6, dns: rdnss}
		l, _ := w.acquire(w.container6(1, "auto"))
		if !slices.Contains(l.DNS, rdnss) {
			t.Fatalf("DNS is %v", l.DNS)
		}
		w.pass(time.Hour)
		if dns := w.shown().Lease.DNS; !slices.Contains(dns, rdnss) {
			t.Errorf("the last router's word is gone: %v", dns)
		}
	})
}

// One after the other, so that nobody listens in between.
func TestNoRouterForThoseWhoComeAndGo(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, want := range []time.Duration{solicitWait, 0, 0} {
			req := w.container6(1, "auto")
			if _, took := w.took(req); took != want {
				t.Errorf("took %v, want %v", took, want)
			}
			w.release(req.Attachment)
			w.pass(20 * time.Second)
		}
		w.pass(2 * time.Minute)
		if _, took := w.took(w.container6(1, "auto")); took != solicitWait {
			t.Errorf("later it took %v", took)
		}
	})
}

// A DHCPv6 server that does not answer costs ipv6_timeout, and its answer is
// applied when it comes.
func TestLateServer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.kernel.six.server.mute = true
		l, took := w.took(req)
		if took != 2*time.Second || len(l.IPv6) != 0 || !l.Address.IsValid() {
			t.Errorf("after %v: %+v", took, l)
		}
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		w.pass(5 * time.Second)
		w.want6(w.shown().Lease, leased6)
		if s := w.shown().State6; s != "BOUND" {
			t.Errorf("DHCPv6 is %s", s)
		}
	})
}

// IPv4 comes later than IPv6's patience: then nobody waits for IPv6.
func TestLeaseTimeoutWithIPv4(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container6(1, "dhcp")
		req.Policy.TimeoutMS, req.Policy.IPv6TimeoutMS = 1000, 30_000
		w.kernel.six.server.mute = true
		l, took := w.took(req)
		if took != time.Second || !l.Address.IsValid() {
			t.Errorf("after %v: %+v", took, l)
		}
	})
}

func TestFlagsThatChangeUnderWay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6, dns: rdnss}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.advertise(router6{prefix: prefix6, dns: rdnss, other: true})
		w.pass(3 * time.Second)
		w.wantHeard6("INFORMATION-REQUEST by dhcp6")
		w.kernel.advertise(router6{prefix: prefix6, dns: rdnss, managed: true})
		w.pass(3 * time.Second)
		w.wantHeard6("SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.want6(w.shown().Lease, leased6, slaac6)
		w.kernel.advertise(router6{prefix: prefix6, dns: rdnss}) // takes nothing away
		w.pass(3 * time.Second)
		w.want6(w.shown().Lease, leased6, slaac6)
		if !w.log.has("resolv.conf rewritten") {
			t.Error("the new servers are not in resolv.conf")
		}
	})
}

func TestRenumbering(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		w.acquire(w.container6(1, "auto"))
		w.kernel.advertise(router6{prefix: prefix6, deprecated: true})
		w.kernel.advertise(router6{prefix: netip.MustParsePrefix("2001:db8:1::/64")})
		w.pass(3 * time.Second)
		old := slaac6
		old.Deprecated = true
		w.want6(w.shown().Lease, leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8:1::42/64"), Source: leaseapi.SourceSLAAC}, old)
	})
}

// An MTU below 1280 takes IPv6 and its settings away; when IPv6 is back, all is set again, and
// what DHCPv6 brought is there again.
func TestIPv6ThatComesBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.pass(time.Minute)
		w.kernel.since()
		w.kernel.mu.Lock()
		state := w.kernel.of(req.Link.Netns)
		state.Plain, state.Addrs = true, nil
		w.kernel.mu.Unlock()
		w.kernel.advertise(router6{managed: true, prefix: prefix6}) // news, so that a look follows
		w.pass(3 * time.Second)
		if !slices.Contains(w.kernel.since(), "apply6 "+leased6.Address.Addr().String()) || state.Plain {
			t.Errorf("%+v", state)
		}
	})
}

func TestRenewal6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.acquire(w.container6(1, "auto"))
		w.wantHeard6("SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.pass(1801 * time.Second)
		w.wantHeard6("RENEW by dhcp6")
		w.kernel.six.server.with(func(s *server6) { s.mute = true })
		w.pass(3600 * time.Second)
		if heard := w.kernel.six.server.since(); !slices.Contains(heard, "REBIND by dhcp6") {
			t.Errorf("heard %q", heard)
		}
		w.want6(w.shown().Lease)
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		w.pass(3600 * time.Second)
		w.want6(w.shown().Lease, leased6)
	})
}

// After a restart nothing is taken away, and a server is asked whether the container
// is where it was (RFC 8415 §18.2.3).
func TestConfirmAfterRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true, prefix: prefix6, dns: rdnss}
		w.acquire(w.container6(1, "auto"))
		before := w.shown()
		w.stop()
		w.kernel.six.server.since()
		w.kernel.since()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Second)
		w.wantHeard6("CONFIRM by dhcp6")
		if after := w.shown(); !slices.Equal(after.Lease.IPv6, before.Lease.IPv6) || !slices.Equal(after.Lease.DNS, before.Lease.DNS) {
			t.Errorf("before %+v\nafter %+v", before.Lease, after.Lease)
		}
		if w.log.has("resolv.conf rewritten") {
			t.Error("resolv.conf was rewritten")
		}
		w.kernel.six.server.with(func(s *server6) {
			s.elsehow = func(typ dhcp6.Type) []byte {
				if typ == dhcp6.Confirm {
					return dhcp6test.OptStatus(4, "moved")
				}
				return nil
			}
			s.leases[1] = netip.MustParseAddr("2001:db8::101")
		})
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(3 * time.Second)
		w.wantHeard6("CONFIRM by dhcp6", "SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.want6(w.shown().Lease, leased6b, slaac6)
	})
}

// A container that is made anew in the grace has its addresses still; when nobody
// comes both leases are given back by a stand-in.
func TestHold6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.kernel.six.server.since()
		w.release(req.Attachment)
		w.rest()
		w.wantHeard6()
		w.want6(&leaseapi.Lease{IPv6: w.shown().Lease.IPv6})
		again := req
		again.Attachment.ContainerID = "anew"
		l, _ := w.acquire(again)
		w.wantHeard6("CONFIRM by dhcp6")
		w.want6(l, leased6)
		w.kernel.remove(req.Link.Netns)
		w.release(again.Attachment)
		w.pass(21 * time.Second)
		w.wantHeard6("RELEASE by stand-in6")
		w.wantNothingLeft()
	})
}

func TestReleaseNow6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.six.server.since()
		start := time.Now()
		w.release(req.Attachment)
		w.wantHeard6("RELEASE by dhcp6")
		if d := time.Since(start); d != 0 {
			t.Errorf("a server that answers took %v", d)
		}
		w.wantNothingLeft()
		w.acquire(req)
		w.kernel.six.server.with(func(s *server6) { s.mute = true; s.seen = len(s.heard) })
		start = time.Now()
		w.release(req.Attachment)
		w.wantHeard6("RELEASE by dhcp6", "RELEASE by dhcp6", "RELEASE by dhcp6")
		if d := time.Since(start); d != 7*releaseWait {
			t.Errorf("a mute server took %v", d)
		}
		w.wantNothingLeft()
	})
}

// After a reboot the container comes back under a new id and asks for what it had.
func TestReboot6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		for i, mode := range []string{"auto", "only"} {
			req := w.container6(i+1, mode)
			req.Policy.Release = "20s"
			first, _ := w.acquire(req)
			w.pass(time.Second)
			w.stop()
			w.store = newStore()
			w.boot += "x"
			w.kernel.six.states = nil
			w.kernel.six.server.since()
			if err := w.start(); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Second)
			again := w.container6(i+1, mode)
			again.Attachment.ContainerID = mode
			l, _ := w.acquire(again)
			if heard := w.kernel.six.server.since(); !slices.Equal(heard[:1], []string{"CONFIRM by dhcp6"}) {
				t.Errorf("%s: heard %q", mode, heard)
			}
			w.want6(l, first.IPv6...)
			w.release(again.Attachment)
			w.pass(time.Minute)
		}
	})
}

// An address that somebody else has is declined, and another one taken.
func TestDuplicate6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.kernel.of(req.Link.Netns)
		w.kernel.six.taken[leased6.Address.Addr()] = true
		l, _ := w.acquire(req)
		w.want6(l, leased6b)
		w.wantHeard6("SOLICIT by dhcp6", "REQUEST by dhcp6", "DECLINE by dhcp6", "SOLICIT by dhcp6", "REQUEST by dhcp6")
		if w.log.count("IPv6 address in use by another host") != 1 {
			t.Error("nothing was said of it")
		}
	})
}

// Without IPv6 in the container IPv4 is as ever, and one line says why.
func TestNoIPv6(t *testing.T) {
	t.Run("switched off", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.kernel.six.fail = binding.ErrNoIPv6
			l, took := w.took(w.container6(1, "auto"))
			if took != 0 || !l.Address.IsValid() || w.log.count(`msg="no IPv6"`) != 1 {
				t.Errorf("after %v: %+v", took, l)
			}
			w.pass(time.Hour)
			if w.log.count("level=WARN") != 1 {
				t.Error("more than one line")
			}
			_, _, err := w.m.Acquire(context.Background(), w.container6(2, "only"))
			var e *leaseapi.Error
			if !errors.As(err, &e) || e.Name != leaseapi.ErrorNoLease {
				t.Errorf("ipv6=only: %v", err)
			}
		})
	})
	t.Run("no link-local address", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.kernel.six.mute = true
			w.kernel.six.router = &router6{managed: true}
			l, took := w.took(w.container6(1, "auto"))
			if took != 2*time.Second || !l.Address.IsValid() {
				t.Errorf("after %v: %+v", took, l)
			}
			w.pass(time.Hour)
			if w.log.count(`msg="no IPv6"`) != 1 || w.log.count("level=WARN") != 1 {
				t.Error("not one line")
			}
		})
	})
	t.Run("switched off under way", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.kernel.six.router = &router6{managed: true}
			req := w.container6(1, "auto")
			w.acquire(req)
			w.kernel.with(func(k *fakeKernel) { *k.of(req.Link.Netns) = binding.State6{} })
			w.pass(time.Hour)
			w.want6(w.shown().Lease)
			if w.log.count(`msg="no IPv6"`) != 1 {
				t.Error("not one line")
			}
			w.wantState("BOUND")
		})
	})
}

func TestOnly(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.answer = silent
		w.kernel.six.router = &router6{managed: true, prefix: prefix6}
		req := w.container6(1, "only")
		l, took := w.took(req)
		w.want6(l, leased6, slaac6)
		if took > 0 || l.Address.IsValid() {
			t.Errorf("after %v: %+v", took, l)
		}
		w.wantHeard()
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Second)
		w.want6(w.shown().Lease, leased6, slaac6)
		w.release(req.Attachment)
		w.wantNothingLeft()

		w.kernel.six.router = nil
		w.kernel.six.states = nil
		_, _, err := w.m.Acquire(context.Background(), w.container6(2, "only"))
		var e *leaseapi.Error
		if !errors.As(err, &e) || e.Name != leaseapi.ErrorNoLease {
			t.Errorf("without a router: %v", err)
		}
		w.wantNothingLeft()
	})
}

// The network would rather have no IPv4 (RFC 8925): then IPv6 is what a start waits for.
func TestIPv6Mostly(t *testing.T) {
	for name, late := range map[string]time.Duration{"IPv6 first": 50 * time.Millisecond, "IPv4 first": 0} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.delay = late
				w.server.answer = func(m message) []dt.Server {
					return []dt.Server{{XID: xid(m), MAC: m.ClientHWAddr, Options: [][]byte{
						dt.Opt(53, 2), dt.OptAddr(54, router.String()), dt.OptTime(51, 3600), dt.OptTime(108, 1800),
					}}}
				}
				w.kernel.six.router = &router6{managed: true}
				req := w.container6(1, "auto")
				req.Client.IPv6Mostly = true
				l, took := w.took(req)
				if w.want6(l, leased6); took > 60*time.Millisecond || l.Address.IsValid() {
					t.Errorf("after %v: %+v", took, l)
				}
				w.wantHeard("DISCOVER packet")
				w.pass(1801 * time.Second)
				w.wantHeard("DISCOVER packet")
			})
		})
	}
}

// The container dies without a goodbye, at rest and in the middle.
func TestGone6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		at := w.kernel.links[req.Link.Netns]
		at.Number = 7
		w.kernel.add(at)
		w.acquire(req)
		w.kernel.six.server.since()
		w.kernel.remove(req.Link.Netns)
		w.m.NetnsEnded([]int{7}, false)
		w.rest()
		w.wantHeard6("RELEASE by stand-in6")
		w.wantNothingLeft()
	})
}

// A renewal of DHCPv6 is in flight when the netns ends: its socket is closed before
// the stand-in takes the MAC, and both leases are released at once.
func TestReleaseNowDuringARenewal6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.oneMAC = true
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		at := w.kernel.links[req.Link.Netns]
		at.Number = 7
		w.kernel.add(at)
		w.acquire(req)
		w.kernel.six.server.with(func(s *server6) { s.mute = true })
		w.pass(30*time.Minute + 2*time.Second)
		if got := w.shown().State6; got != "RENEWING" {
			t.Fatalf("state of DHCPv6 is %s", got)
		}
		w.kernel.six.server.with(func(s *server6) { s.mute, s.seen = false, len(s.heard) })
		w.server.since()
		w.kernel.remove(req.Link.Netns)
		w.m.NetnsEnded([]int{7}, false)
		w.rest()
		w.wantHeard6("RELEASE by stand-in6")
		if heard := w.server.since(); len(heard) != 1 || !strings.HasPrefix(heard[0], "RELEASE") {
			t.Errorf("the server heard %q", heard)
		}
		w.wantNothingLeft()
	})
}

// A flood of advertisements that differ costs a look a second, and no memory.
func TestFloodOfAdvertisements(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		w.acquire(w.container6(1, "auto"))
		w.kernel.since()
		for i := range 500 {
			a := prefix6.Addr().As16()
			a[5] = byte(i)
			w.kernel.advertise(router6{prefix: netip.PrefixFrom(netip.AddrFrom16(a), 64)})
			w.pass(10 * time.Millisecond)
		}
		w.pass(3 * time.Second)
		looks := slices.DeleteFunc(w.kernel.since(), func(c string) bool { return c != "look6" })
		if n := len(looks); n == 0 || n > 12 {
			t.Errorf("%d looks in 8 s", n)
		}
	})
}

// A LAN that cannot be listened to has IPv6 all the same.
func TestNoListener(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.listenerless = errors.New("the NIC is lent")
		w.kernel.six.router = &router6{managed: true, prefix: prefix6}
		l, _ := w.took(w.container6(1, "auto"))
		w.want6(l, leased6, slaac6)
	})
}
