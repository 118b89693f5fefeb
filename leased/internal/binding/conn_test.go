// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// on returns a Conn in the link's namespace, open until the test ends.
func on(t *testing.T, link testlan.Link) *Conn {
	t.Helper()
	c := NewConn(link.NS.Open())
	t.Cleanup(c.Close)
	return c
}

// applyOn fails the test on an error and on any problem.
func applyOn(t *testing.T, c *Conn, next Spec, prev *Spec) Spec {
	t.Helper()
	done, err := c.Apply(next, prev)
	must(t, errors.Join(append(done.Problems, err)...))
	return done.Spec
}

func wantAlone(t *testing.T, c *Conn) {
	t.Helper()
	if c.h != nil {
		t.Error("the library had to help")
	}
}

// Neither a start nor a renewal that changes nothing but lifetimes needs the library, so
// neither reads the routing table.
func TestOneRequestIsEnough(t *testing.T) {
	_, link := onVeth(t)
	c := on(t, link)
	s := lease(link, first)
	s.MTU = 1400
	s.Routes = append(s.Routes, Route{Dst: doc}, Route{Dst: netip.MustParsePrefix("203.0.113.0/24"), Via: netip.MustParseAddr("10.0.0.1")})
	s.Valid = time.Minute
	changes := monitor(t, link.NS)
	prev := applyOn(t, c, s, nil)
	if got := changes(); !slices.Equal(got, []string{"new address", "new route", "new route", "new route", "new route", "new route", "new route"}) {
		t.Errorf("the kernel did %q", got) // three of them are the kernel's own
	}
	want := []string{
		fromFirst, "198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100",
		"203.0.113.0/24 via 10.0.0.1 dev eth0 proto dhcp src 192.0.2.77 metric 100 onlink",
	}
	wantRoutes(t, link.NS, want...)
	wantMTU(t, link, "1400")
	s.Valid, s.Metric = time.Hour, 50 // the metric stays as it was found
	prev = applyOn(t, c, s, &prev)
	if got := changes(); !slices.Equal(got, []string{"new address"}) {
		t.Errorf("for a renewal the kernel did %q", got)
	}
	wantRoutes(t, link.NS, want...)
	if a := addrs(link)[0]; off(a.ValidLft, 3600) || a.Broadcast.String() != "192.0.2.255" || prev.Metric != 100 {
		t.Errorf("%+v, metric %d", a, prev.Metric)
	}
	wantAlone(t, c)
}

func TestOneRequestWhereTheAddressIsThere(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", first.String(), "dev", "eth0")
	c := on(t, link)
	applyOn(t, c, lease(link, first), nil)
	if all := addrs(link); len(all) != 1 || off(all[0].ValidLft, 3600) {
		t.Errorf("addresses %v", all)
	}
	wantRoutes(t, link.NS, fromFirst)
	wantAlone(t, c)
}

// EEXIST says that the metric is taken: by another program, or by an Apply whose result
// is lost.
func TestOneRequestWhereARouteIsThere(t *testing.T) {
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", "192.0.2.200/24", "dev", "eth0")
	link.NS.Run("ip", "route", "add", doc.String(), "via", "192.0.2.9", "metric", "100")
	foreign := routes(link.NS)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc})
	for range 2 {
		if now := applyOn(t, on(t, link), s, nil); now.Metric != 101 {
			t.Errorf("metric %d", now.Metric)
		}
		wantRoutes(t, link.NS, append(foreign,
			"default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 101",
			"198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 101")...)
		s.Metric = 101 // so that the second finds its own
	}
}

// A renewal finds that another program has taken the place of one of its routes.
func TestRenewalWhereARouteIsAnothers(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc})
	prev := applyOn(t, on(t, link), s, nil)
	link.NS.Run("ip", "route", "replace", "default", "via", "192.0.2.9", "metric", "100")
	prev = applyOn(t, on(t, link), s, &prev)
	wantRoutes(t, link.NS, "default via 192.0.2.9 dev eth0 metric 100",
		"default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.77 metric 101",
		"198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 101")
	c := on(t, link)
	applyOn(t, c, s, &prev)
	wantAlone(t, c)
}

func TestOneRequestWithABadRoute(t *testing.T) {
	_, link := onVeth(t)
	s := lease(link, first)
	s.MTU = 70000
	s.Routes = []Route{{Dst: doc}, {Dst: netip.MustParsePrefix("203.0.113.0/24"), Via: netip.MustParseAddr("192.0.2.255")}, s.Routes[0]}
	c := on(t, link)
	done, err := c.Apply(s, nil)
	must(t, err)
	for range 2 { // a renewal says the same
		if len(done.Problems) != 2 || !strings.Contains(done.Problems[1].Error(), "203.0.113.0/24") {
			t.Fatalf("problems %v", done.Problems)
		}
		wantError(t, done.Problems[0], unix.EINVAL)
		wantRoutes(t, link.NS, fromFirst, "198.51.100.0/24 dev eth0 proto dhcp scope link src 192.0.2.77 metric 100")
		done, err = c.Apply(s, &done.Spec)
		must(t, err)
	}
}

// hasRoute must not take another route for ours.
func TestHasRouteIsExact(t *testing.T) {
	_, link := onVeth(t)
	c := on(t, link)
	s := lease(link, first)
	applyOn(t, c, s, nil)
	link.NS.Run("ip", "addr", "add", second.String(), "dev", "eth0")
	has := func(change func(*Spec)) error {
		s := lease(link, first)
		change(&s)
		var r request
		r.hasRoute(s, s.Routes[0])
		return c.send(r)[0]
	}
	wantError(t, has(func(*Spec) {}), unix.EEXIST)
	for name, change := range map[string]func(*Spec){
		"metric":  func(s *Spec) { s.Metric = 101 },
		"no":      func(s *Spec) { s.Metric = 0 },
		"gateway": func(s *Spec) { s.Routes[0].Via = netip.MustParseAddr("192.0.2.2") },
		"on-link": func(s *Spec) { s.Routes[0].Via = netip.Addr{} },
		"source":  func(s *Spec) { s.Addr = second },
		"onlink":  func(s *Spec) { s.Addr = netip.PrefixFrom(first.Addr(), 32) },
		"dst":     func(s *Spec) { s.Routes[0].Dst = doc },
	} {
		if err := has(change); !errors.Is(err, unix.ENOENT) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	wantRoutes(t, link.NS, fromFirst)
	link.NS.Run("ip", "route", "change", "default", "via", "192.0.2.1", "src", "192.0.2.77", "metric", "100", "proto", "static")
	wantError(t, has(func(*Spec) {}), unix.ENOENT)
}

func TestConnLooksAtTheLink(t *testing.T) {
	_, link := onVeth(t)
	c := on(t, link)
	must(t, c.Check(link.Index, link.MAC))
	wantError(t, c.Check(link.Index, testlan.ServerMAC), ErrMAC)
	index, err := c.Index("eth0", link.MAC)
	must(t, err)
	if index != link.Index {
		t.Errorf("index %d, want %d", index, link.Index)
	}
	link.Set("down")
	wantError(t, c.Check(link.Index, link.MAC), ErrDown)
	wantAlone(t, c)
	link.Delete()
	wantError(t, c.Check(link.Index, link.MAC), ErrGone)
	for _, mac := range []net.HardwareAddr{link.MAC, testlan.ServerMAC} {
		_, err = c.Index("eth0", mac)
		wantError(t, err, ErrGone)
	}
}

func TestConnClosesItsSockets(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	c := NewConn(link.NS.Open())
	s := applyOn(t, c, lease(link, first), nil)
	must(t, c.Remove(s))
	if c.sock == nil || c.h == nil {
		t.Error("a socket was not open")
	}
	c.Close()
	c.Close()
}
