// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

var (
	first6  = netip.MustParseAddr("2001:db8:1::77")
	second6 = netip.MustParseAddr("2001:db8:1::78")
)

// on6 makes a container whose link has IPv6 as leased sets it, without routers.
func on6(t *testing.T) (*testlan.LAN, testlan.Link) {
	t.Helper()
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	autoconf(t, link, Autoconf{Accept: true, Secret: secret})
	return lan, link
}

// lease6 is what a server grants, for an hour, half of it preferred.
func lease6(link testlan.Link, addrs ...netip.Addr) Spec6 {
	s := Spec6{Ifindex: link.Index}
	for _, a := range addrs {
		s.Addrs = append(s.Addrs, Lifetime{Addr: a, Preferred: time.Hour / 2, Valid: time.Hour})
	}
	return s
}

func apply6(link testlan.Link, next Spec6, prev *Spec6) (err error) {
	link.NS.Netlink(func(h *netlink.Handle) error { err = Apply6(h, next, prev); return nil })
	return err
}

func remove6(link testlan.Link, s Spec6) (err error) {
	link.NS.Netlink(func(h *netlink.Handle) error { err = Remove6(h, s); return nil })
	return err
}

func wantAddrs6(t *testing.T, link testlan.Link, want ...netip.Addr) {
	t.Helper()
	got := []netip.Addr{}
	for _, a := range look(t, link).Addrs {
		got = append(got, a.Prefix.Addr())
		if a.Prefix.Bits() != 128 || a.Autoconf {
			t.Errorf("have %+v", a)
		}
	}
	slices.SortFunc(got, netip.Addr.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("addresses %v, want %v", got, want)
	}
}

// The address is in use at once, and says nothing of a subnet (RFC 8415 §21.6).
func TestApply6(t *testing.T) {
	onBoth(t, func(t *testing.T, lan *testlan.LAN, add func() testlan.Link) {
		lan.Router.Run("ip", "addr", "add", "2001:db8:1::1/64", "dev", testlan.RouterLink, "nodad")
		s, link := advertiser(lan), add()
		slowDAD(link)
		autoconf(t, link, Autoconf{Accept: true, Secret: secret})
		spec := lease6(link, first6, second6)
		must(t, apply6(link, spec, nil))
		wantAddrs6(t, link, first6, second6)
		var state State6
		testlan.Eventually(t, "both are in use", func() bool {
			state = look(t, link)
			return !slices.ContainsFunc(state.Addrs, func(a Addr6) bool { return !a.Usable })
		})
		for _, a := range state.Addrs {
			if !a.Usable || a.Settled || off(int(a.Valid/time.Second), 3600) || off(int(a.Preferred/time.Second), 1800) {
				t.Errorf("have %+v", a)
			}
		}
		if got := link.NS.Run("ip", "-6", "route", "show", "root", "2001:db8::/32"); got != "" {
			t.Errorf("routes %s", got)
		}
		lan.Router.Sysctl("net/ipv6/conf/all/forwarding", "1") // else it says that it is no router
		advertise(t, s, link, advert{from: linkLocal(t, lan), lifetime: 1800})
		wantAnswer(t, lan.Router, first6)
		wantAnswer(t, link.NS, netip.MustParseAddr("2001:db8:1::1")) // by the router's default route
		settle(t, link)
		if lost := lost(look(t, link), spec); len(lost) > 0 {
			t.Errorf("lost %v", lost)
		}
	})
}

// linkLocal is the router's own; it has one as soon as its DAD is over.
func linkLocal(t *testing.T, lan *testlan.LAN) netip.Addr {
	t.Helper()
	ns := lan.Router.Open()
	defer ns.Close()
	var index int
	lan.Router.Netlink(func(h *netlink.Handle) error {
		l, err := h.LinkByName(testlan.RouterLink)
		if err == nil {
			index = l.Attrs().Index
		}
		return err
	})
	var s State6
	testlan.Eventually(t, "the router has an address", func() bool {
		var err error
		s, err = Look6(ns, index)
		must(t, err)
		return s.LinkLocal.IsValid()
	})
	return s.LinkLocal
}

func TestLifetimes6(t *testing.T) {
	_, link := on6(t)
	for _, tt := range []struct{ preferred, valid, wantPreferred, wantValid time.Duration }{
		{1499 * time.Millisecond, 2499 * time.Millisecond, time.Second, 2 * time.Second},
		{0, time.Hour, 0, time.Hour}, // deprecated
		{499 * time.Millisecond, time.Hour, 0, time.Hour},
		{time.Hour, Forever, time.Hour, Forever},
		{Forever, Forever, Forever, Forever},
		{time.Hour, time.Minute, time.Minute, time.Minute}, // the kernel would refuse
		{time.Nanosecond, time.Nanosecond, 0, time.Second},
	} {
		spec := lease6(link, first6)
		spec.Addrs[0].Preferred, spec.Addrs[0].Valid = tt.preferred, tt.valid
		must(t, apply6(link, spec, nil))
		a := look(t, link).Addrs[0]
		if offTime(a.Preferred, tt.wantPreferred) || offTime(a.Valid, tt.wantValid) {
			t.Errorf("%v, %v: kernel has %v, %v", tt.preferred, tt.valid, a.Preferred, a.Valid)
		}
	}
}

// offTime allows for the time a test takes.
func offTime(have, want time.Duration) bool { return have > want || have < want-5*time.Second }

// What is over is as if it were not there; of a lease something must be left.
func TestOver6(t *testing.T) {
	_, link := on6(t)
	prev := lease6(link, first6, second6)
	must(t, apply6(link, prev, nil))
	next := lease6(link, first6, second6)
	next.Addrs[0].Valid = 0
	must(t, apply6(link, next, &prev))
	wantAddrs6(t, link, second6)
	next.Addrs[1].Valid = -1
	wantError(t, apply6(link, next, &prev), ErrOver)
	wantAddrs6(t, link, second6)
	must(t, apply6(link, lease6(link), &prev)) // stateless from now on
	wantAddrs6(t, link)
}

// A renewal brings more time: no second DAD, not a moment without the address.
// What goes goes last. It is the same when DAD still runs, and without prev, as
// after a crash between Apply6 and writing it down.
func TestRenewalDoesNotFlap6(t *testing.T) {
	for name, wait := range map[string]bool{"in DAD": false, "after DAD": true} {
		t.Run(name, func(t *testing.T) {
			_, link := on6(t)
			slowDAD(link)
			prev := lease6(link, first6, second6)
			must(t, apply6(link, prev, nil))
			settled := func() bool { return look(t, link).Addrs[0].Settled }
			if wait {
				settle(t, link)
			}
			changes := listen(t, link.NS, unix.RTMGRP_IPV6_IFADDR|unix.RTMGRP_IPV6_ROUTE)
			next := lease6(link, first6, second6)
			next.Addrs[0].Valid = 2 * time.Hour
			for _, prev := range []*Spec6{&prev, nil} {
				must(t, apply6(link, next, prev))
				// In DAD the kernel does not tell of new lifetimes, but of its own progress.
				got := changes()
				if wait && !slices.Equal(got, []string{"new address", "new address"}) || slices.Contains(got, "deleted address") {
					t.Errorf("the kernel did %q", got)
				}
				if settled() != wait {
					t.Errorf("DAD is over: %v", settled())
				}
			}
			settle(t, link)
			if flags := link.NS.Run("ip", "-6", "addr", "show", "optimistic"); flags != "" {
				t.Errorf("after DAD there is %s", flags)
			}
			changes()
			must(t, apply6(link, lease6(link, first6), &next))
			wantAddrs6(t, link, first6)
			if got := changes(); len(got) < 2 || got[0] != "new address" || !slices.Contains(got, "deleted address") {
				t.Errorf("the kernel did %q", got)
			}
		})
	}
}

func TestRemove6(t *testing.T) {
	_, link := on6(t)
	link.NS.Run("ip", "addr", "add", "2001:db8:1::9", "peer", "2001:db8:1::8", "dev", "eth0") // somebody else's
	spec := lease6(link, first6, second6)
	must(t, apply6(link, spec, nil))
	for range 2 {
		must(t, remove6(link, spec))
		if got := look(t, link).Addrs; len(got) != 1 || got[0].Prefix.String() != "2001:db8:1::9/128" {
			t.Errorf("left are %v", got)
		}
	}
	if lost := lost(look(t, link), spec); !slices.Equal(lost, []netip.Addr{first6, second6}) {
		t.Errorf("lost %v", lost)
	}
	link.NS.Sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
	must(t, remove6(link, spec))
	wantError(t, apply6(link, spec, nil), ErrNoIPv6)
	link.Delete()
	must(t, remove6(link, spec))
	wantError(t, apply6(link, spec, nil), ErrGone)
}

func TestSpec6IsJSON(t *testing.T) {
	t.Parallel()
	want := lease6(testlan.Link{Index: 7}, first6, second6)
	text, err := json.Marshal(want)
	must(t, err)
	var got Spec6
	must(t, json.Unmarshal(text, &got))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %+v", text, got)
	}
}

// lost are the addresses of s that nobody may use any more: DAD found that somebody
// else has them, or they are not there. An address that ends some time the kernel
// deletes when DAD fails, so that the two are one; one that is Forever stays, Failed.
func lost(state State6, s Spec6) (lost []netip.Addr) {
	for _, l := range s.Addrs {
		if !slices.ContainsFunc(state.Addrs, func(a Addr6) bool { return a.Prefix.Addr() == l.Addr && !a.Failed }) {
			lost = append(lost, l.Addr)
		}
	}
	return lost
}
