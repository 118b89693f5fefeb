// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

var secret = [16]byte{1, 2, 3, 15: 16}

// onBoth runs a test on either kind of link that containers have.
func onBoth(t *testing.T, test func(t *testing.T, lan *testlan.LAN, add func() testlan.Link)) {
	t.Parallel()
	for name, add := range map[string]func(lan *testlan.LAN) testlan.Link{
		"veth":    func(lan *testlan.LAN) testlan.Link { return lan.Veth(lan.Container(), "eth0") },
		"macvlan": func(lan *testlan.LAN) testlan.Link { return lan.Macvlan(lan.Container(), "eth0") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			test(t, lan, func() testlan.Link { return add(lan) })
		})
	}
}

// A container that is made again has the addresses it had. The secret alone makes
// them: to the kernel these links have no permanent MAC, and the name is not asked.
func TestSecretMakesTheAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, lan *testlan.LAN, add func() testlan.Link) {
		s := advertiser(lan)
		addresses := func(secret [16]byte, sameMAC testlan.Link) (testlan.Link, [2]netip.Addr) {
			link := add()
			if sameMAC.MAC != nil {
				link.Set("address", sameMAC.MAC.String())
			}
			autoconf(t, link, Autoconf{Accept: true, Addresses: true, Secret: secret})
			state := advertise(t, s, link, advert{prefix: prefix6})
			if len(state.Addrs) != 1 || !state.Addrs[0].Autoconf || !prefix6.Contains(state.Addrs[0].Prefix.Addr()) {
				t.Fatalf("have %+v", state)
			}
			defer link.Delete()
			return link, [2]netip.Addr{usableLinkLocal(t, link), state.Addrs[0].Prefix.Addr()}
		}
		first, want := addresses(secret, testlan.Link{})
		if _, got := addresses(secret, first); got != want {
			t.Errorf("then %v, first %v", got, want)
		}
		if _, got := addresses(secret, testlan.Link{}); got != want {
			t.Errorf("with another MAC %v, first %v", got, want)
		}
		if _, got := addresses([16]byte{1}, first); got[0] == want[0] || got[1] == want[1] {
			t.Errorf("with another secret %v, first %v", got, want)
		}
	})
}

// DAD is not waited for: the link-local address takes a socket and sends, those of
// a router's prefix answer the LAN.
func TestAddressesAreInUseAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, lan *testlan.LAN, add func() testlan.Link) {
		lan.Router.Run("ip", "addr", "add", "2001:db8:1::1/64", "dev", testlan.RouterLink, "nodad")
		s, link := advertiser(lan), add()
		slowDAD(link)
		autoconf(t, link, Autoconf{Accept: true, Addresses: true, Secret: secret})
		first := usableLinkLocal(t, link)
		must(t, sendFrom(link, first))
		advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6, mac: testlan.ServerMAC})
		testlan.Eventually(t, "an address to use", func() bool { return look(t, link).Addrs[0].Usable })
		state := look(t, link)
		lan.Router.Run("ping", "-c1", "-W0.5", state.Addrs[0].Prefix.Addr().String()) // the first time
		if a := look(t, link).Addrs[0]; !a.Usable || a.Settled {
			t.Errorf("address %+v", a)
		}
		testlan.Eventually(t, "DAD is over", func() bool { return look(t, link).Addrs[0].Settled })
		if now := look(t, link); now.LinkLocal != first {
			t.Errorf("link-local address %v, was %v", now.LinkLocal, first)
		}
	})
}

// slowDAD makes it take 3 s, not 1: Linux begins with it, and with what comes before
// it, in the background, which can take a moment where many tests make links.
func slowDAD(link testlan.Link) {
	link.NS.Sysctl("net/ipv6/conf/"+link.Name+"/dad_transmits", "3")
}

func wantAnswer(t *testing.T, from *testlan.NS, addr netip.Addr) {
	t.Helper()
	testlan.Eventually(t, addr.String()+" answers", func() bool {
		return strings.HasSuffix(from.Run("sh", "-c", "ping -c1 -W0.2 "+addr.String()+" >/dev/null && echo yes || echo no"), "yes")
	})
}

// sendFrom sends from the address as a DHCPv6 client does.
func sendFrom(link testlan.Link, addr netip.Addr) (err error) {
	all := netip.MustParseAddr("ff02::1:2")
	link.NS.Do(func() error {
		fd, e := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if e != nil {
			return e
		}
		defer unix.Close(fd)
		zone := uint32(link.Index)
		if err = unix.Bind(fd, &unix.SockaddrInet6{Port: 546, Addr: addr.As16(), ZoneId: zone}); err == nil {
			err = unix.Sendto(fd, []byte{1}, 0, &unix.SockaddrInet6{Port: 547, Addr: all.As16(), ZoneId: zone})
		}
		return nil
	})
	return err
}

// eth0 is not to listen; eth1 beside it does, and shows when both have heard.
func TestRoutersAreIgnored(t *testing.T) {
	onBoth(t, func(t *testing.T, lan *testlan.LAN, add func() testlan.Link) {
		s, eth0 := advertiser(lan), add()
		before := look(t, eth0)
		autoconf(t, eth0, Autoconf{Addresses: true, Secret: secret})
		eth1 := lan.Veth(eth0.NS, "eth1")
		autoconf(t, eth1, Autoconf{Accept: true, Secret: secret})
		advertise(t, s, eth1, advert{lifetime: 1800, flags: 0x40, prefix: prefix6})
		must(t, s.Send(advert{lifetime: 1800, flags: 0x80}.frame()))
		testlan.Eventually(t, "the second is heard", func() bool { return look(t, eth1).Managed })
		testlan.Eventually(t, "eth1 solicits", func() bool { return solicits(s, eth1) })
		testlan.Eventually(t, "eth0 has its address", func() bool { return look(t, eth0).LinkLocal.IsValid() })
		if state := look(t, eth0); before.LinkLocal.IsValid() || state.Advertised || len(state.Addrs) > 0 || state.Gateway.IsValid() {
			t.Errorf("before %+v, then %+v", before, state)
		}
		if solicits(s, eth0) {
			t.Error("eth0 solicits routers")
		}
	})
}

// What a router has said before nobody was to listen is undone.
func TestRoutersAreIgnoredFromTheBeginning(t *testing.T) {
	onBoth(t, func(t *testing.T, lan *testlan.LAN, add func() testlan.Link) {
		for _, said := range []advert{{lifetime: 1800}, {prefix: prefix6}} {
			s, link := advertiser(lan), add()
			testlan.Eventually(t, "the router is heard", func() bool {
				must(t, s.Send(said.frame()))
				state := look(t, link)
				return state.Gateway.IsValid() || len(state.Addrs) > 0
			})
			autoconf(t, link, Autoconf{})
			if state := look(t, link); len(state.Addrs) > 0 || state.Gateway.IsValid() {
				t.Errorf("%+v", state)
			}
			testlan.Eventually(t, "there is a link-local address", func() bool { return look(t, link).LinkLocal.IsValid() })
			link.Delete()
		}
	})
}

// solicits says that the link has sent a router solicitation.
func solicits(s *testlan.Server, link testlan.Link) bool {
	return slices.ContainsFunc(s.Frames(), func(f []byte) bool {
		return len(f) > 54 && string(f[6:12]) == string(link.MAC) && f[12] == 0x86 && f[20] == 58 && f[54] == 133
	})
}

func TestWhatAnAdvertisementBrings(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s := advertiser(lan)
	for _, tt := range []struct {
		a     Autoconf
		route string
		addrs int
	}{
		{Autoconf{Addresses: true}, "default via fe80::1 proto ra metric 1024", 1},
		{Autoconf{Addresses: true, Metric: 77}, "default via fe80::1 proto ra metric 77", 1},
		{Autoconf{Addresses: true, NoDefaultRoute: true}, "", 1},
		{Autoconf{Metric: 99}, "default via fe80::1 proto ra metric 99", 0},
	} {
		link := lan.Veth(lan.Container(), "eth0")
		tt.a.Accept = true
		autoconf(t, link, tt.a)
		state := advertise(t, s, link, advert{lifetime: 1800, flags: 0x40, prefix: prefix6})
		route := link.NS.Run("ip", "-6", "route", "show", "default", "dev", "eth0")
		if before, _, _ := strings.Cut(route, " expires"); before != tt.route || len(state.Addrs) != tt.addrs {
			t.Errorf("%+v: %q and %v", tt.a, route, state.Addrs)
		}
		if state.Gateway.IsValid() == tt.a.NoDefaultRoute {
			t.Errorf("%+v: gateway %v", tt.a, state.Gateway)
		}
	}
}

// Who forwards listens to routers only if told so with a 2.
func TestContainerThatForwards(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
	link.NS.Sysctl("net/ipv6/conf/all/forwarding", "1")
	autoconf(t, link, Autoconf{Accept: true, Addresses: true, Secret: secret})
	state := advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6})
	if got := sysctl(link, "accept_ra"); len(state.Addrs) != 1 || state.Gateway != gateway6 || got != "2" {
		t.Errorf("accept_ra=%s, %+v", got, state)
	}
}

// crun and runc write --sysctl after netavark's setup, and a program that forwards later still.
func TestContainerThatForwardsLater(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
	autoconf(t, link, Autoconf{Accept: true, Addresses: true, Secret: secret})
	advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6})
	link.NS.Sysctl("net/ipv6/conf/all/forwarding", "1")
	if state := look(t, link); len(state.Addrs) != 1 || state.Gateway != gateway6 {
		t.Errorf("%+v", state)
	}
	if state := advertise(t, s, link, advert{lifetime: 900, prefix: prefix6}); state.Gateway != gateway6 {
		t.Errorf("the next advertisement: %+v", state)
	}
}

// An MTU below 1280 takes IPv6 off the interface, with all settings. When IPv6 comes back, a look
// sees that they are the kernel's own, and SetAutoconf makes the addresses what they were.
func TestIPv6ComesBackAfterAnMTU(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
	a := Autoconf{Accept: true, Addresses: true, Secret: secret}
	autoconf(t, link, a)
	before, ll := advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6}), usableLinkLocal(t, link)
	link.Set("mtu", "1000")
	if state := look(t, link); before.Plain || state.Plain || state.LinkLocal.IsValid() {
		t.Errorf("%+v, then %+v", before, state)
	}
	link.Set("mtu", "1500")
	testlan.Eventually(t, "a link-local address", func() bool { return look(t, link).LinkLocal.IsValid() })
	if state := look(t, link); !state.Plain || state.LinkLocal == ll {
		t.Errorf("back: %+v", state)
	}
	autoconf(t, link, a)
	after := advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6})
	if got := usableLinkLocal(t, link); after.Plain || got != ll || after.Addrs[0].Prefix != before.Addrs[0].Prefix || sysctl(link, "accept_ra") != "2" {
		t.Errorf("%+v from %v, was %+v from %v", after, got, before, ll)
	}
}

// A runtime writes --sysctl after netavark's setup. Identifiers made of the MAC are the user's wish
// then, and no sign that the kernel has lost its settings.
func TestUserWantsPlainAddresses(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	a := Autoconf{Accept: true, Addresses: true, Secret: secret}
	autoconf(t, link, a)
	link.NS.Sysctl("net/ipv6/conf/eth0/addr_gen_mode", "0")
	autoconf(t, link, a)
	if state := look(t, link); state.Plain || sysctl(link, "addr_gen_mode") != "0" {
		t.Errorf("addr_gen_mode=%s, %+v", sysctl(link, "addr_gen_mode"), state)
	}
}

// The border routers of a Thread network announce the way to it so. It is there from the first
// advertisement on, and bounded in a flood.
func TestRoutesOfRouters(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	thread := netip.MustParsePrefix("fd00:7::/64")
	for _, take := range []bool{true, false} {
		s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
		a := Autoconf{Accept: true, Addresses: true, Routes: take, Secret: secret}
		autoconf(t, link, a)
		advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6, route: thread})
		if got := link.NS.Run("ip", "-6", "route", "show", thread.String()); (got != "") != take {
			t.Errorf("%t: %q", take, got)
		}
		a.Interface = link.Name
		for _, longest := range []string{sysctl(link, maxRoute), "48"} { // ours, and the user's
			link.NS.Sysctl("net/ipv6/conf/eth0/"+maxRoute, longest)
			for range 2 {
				if got := heed(t, link, a, false); got[0] != '-' {
					t.Errorf("%t: routes up to /%s in a flood", take, got)
				}
			}
			for range 2 {
				if got := heed(t, link, a, true); got != longest {
					t.Errorf("%t: up to /%s after it, was %s", take, got, longest)
				}
			}
		}
	}
}

// heed returns the longest prefix of routes then.
func heed(t *testing.T, link testlan.Link, a Autoconf, yes bool) string {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	if err := Heed(ns, a, yes); err != nil {
		t.Error(err)
	}
	return sysctl(link, maxRoute)
}

// A second time nothing changes, and nothing that runs is disturbed.
func TestAutoconfAgain(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
	a := Autoconf{Accept: true, Addresses: true, Metric: 77, Secret: secret}
	autoconf(t, link, a)
	advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6})
	settle(t, link)
	changes := listen(t, link.NS, unix.RTMGRP_IPV6_IFADDR|unix.RTMGRP_IPV6_ROUTE)
	autoconf(t, link, a)
	if got := changes(); len(got) > 0 {
		t.Errorf("the kernel did %q", got)
	}
}

// settle waits until DAD is over for all addresses.
func settle(t *testing.T, link testlan.Link) {
	t.Helper()
	testlan.Eventually(t, "DAD is over", func() bool {
		return !strings.Contains(link.NS.Run("ip", "-6", "addr", "show", "dev", link.Name), "tentative")
	})
}

func TestNoIPv6(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	for why, cmd := range map[string][]string{
		"net.ipv6.conf.all.disable_ipv6 is set":  {"sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"},
		"net.ipv6.conf.eth0.disable_ipv6 is set": {"sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6"},
		"eth0 has an MTU of 1279":                {"ip", "link", "set", "eth0", "mtu", "1279"},
	} {
		link := lan.Veth(lan.Container(), "eth0")
		link.NS.Run(cmd...)
		err := tryAutoconf(t, link, Autoconf{Accept: true, Secret: secret})
		if wantError(t, err, ErrNoIPv6); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("says %v, want %s", err, why)
		}
		if !strings.Contains(why, "MTU") {
			if got := sysctl(link, "accept_ra") + sysctl(link, "disable_ipv6"); got != "11" {
				t.Errorf("%s: changed: %s", why, got)
			}
		}
		if got := look(t, link); got.LinkLocal.IsValid() || len(got.Addrs) > 0 {
			t.Errorf("%s: %+v", why, got)
		}
	}
	err := Autoconf{Interface: "eth0", Accept: true}.set(filepath.Join(t.TempDir(), "conf"))
	if wantError(t, err, ErrNoIPv6); err == nil || !strings.Contains(err.Error(), "this kernel") {
		t.Errorf("says %v", err)
	}
	wantError(t, Autoconf{Interface: "eth0"}.set(t.TempDir()), ErrNoIPv6)
	link := lan.Veth(lan.Container(), "eth0")
	link.Delete()
	wantError(t, tryAutoconf(t, link, Autoconf{Accept: true}), ErrGone)
	_, err = tryLook(t, link)
	wantError(t, err, ErrGone)
}

func sysctl(link testlan.Link, name string) string {
	return link.NS.Run("cat", "/proc/sys/net/ipv6/conf/"+link.Name+"/"+name)
}

// usableLinkLocal waits for an address that can be used.
func usableLinkLocal(t *testing.T, link testlan.Link) (addr netip.Addr) {
	t.Helper()
	testlan.Eventually(t, "a link-local address", func() bool { addr = look(t, link).LinkLocal; return addr.IsValid() })
	return addr
}
