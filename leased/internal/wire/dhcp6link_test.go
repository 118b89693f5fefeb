// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

func openDHCP6On(t *testing.T, link testlan.Link, local netip.Addr) error {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	d, err := OpenDHCP6(ns, link.Index, local)
	if err == nil {
		t.Cleanup(d.Close)
	}
	return err
}

// An address that is being looked for duplicates of, or has one, cannot be used;
// an optimistic one can.
func TestDHCP6WhereTheAddressIsTentative(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	conf := "net/ipv6/conf/" + link.Name + "/"
	link.NS.Sysctl(conf+"dad_transmits", "600") // for ten minutes
	link.NS.Run("ip", "addr", "add", local6.String()+"/64", "dev", link.Name)
	err := openDHCP6On(t, link, local6)
	wantError(t, err, ErrTentative)
	wantError(t, err, unix.EADDRNOTAVAIL)
	wantError(t, openDHCP6On(t, link, local6.Next()), ErrTentative) // is not there at all
	link.NS.Run("ip", "addr", "del", local6.String()+"/64", "dev", link.Name)
	addLocal6(link, local6)
	must(t, openDHCP6On(t, link, local6))
	link.NS.Sysctl(conf+"optimistic_dad", "1") // or the kernel ignores the flag
	optimistic := netip.MustParseAddr("fe80::78")
	link.NS.Run("ip", "addr", "add", optimistic.String()+"/64", "dev", link.Name, "optimistic")
	must(t, openDHCP6On(t, link, optimistic))
}

func TestDHCP6WhereIPv6IsOff(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	link.NS.Sysctl("net/ipv6/conf/all/disable_ipv6", "1")
	wantError(t, openDHCP6On(t, link, local6), ErrTentative)
}

func TestDHCP6IsForLinkLocalAddresses(t *testing.T) {
	for _, no := range []string{"2001:db8::1", "::", "169.254.0.1", "::ffff:169.254.0.1", "ff02::1"} {
		if _, err := OpenDHCP6(nil, 1, netip.MustParseAddr(no)); err == nil {
			t.Errorf("opened on %s", no)
		}
	}
	if _, err := OpenDHCP6(nil, 1, netip.Addr{}); err == nil {
		t.Error("opened on nothing")
	}
}

// Two leases in one container: each speaks on its own link, and hears what is for it.
func TestDHCP6StaysOnItsInterface(t *testing.T) {
	t.Parallel()
	lan, eth0 := onVeth(t)
	s := newServer6(t, lan)
	d0 := openDHCP6(t, eth0, xid6)
	d1 := openDHCP6At(t, lan.Veth(eth0.NS, "eth1"), local6.Next(), xid6)
	for n, d := range []*DHCP6{d0, d1, d0} {
		must(t, d.Send(nil))
		_, who := s.heard()
		s.send(message6(7, xid6, n), who)
		if payload, _ := receive6(t, d); len(payload) != 4+n {
			t.Errorf("%d received %x", n, payload)
		}
	}
}

// The socket of the last exchange may still be open when the next one begins.
func TestDHCP6TwiceOnOneAddress(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	openDHCP6(t, link, xid6)
	openDHCP6(t, link, xid6)
}

func TestDHCP6WhereSomebodyHasThePort(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	addLocal6(link, local6)
	ns := link.NS.Open()
	fd, err := open(ns, unix.AF_INET6, unix.SOCK_DGRAM)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Bind(fd, &unix.SockaddrInet6{Port: clientPort6}))
	err = openDHCP6On(t, link, local6)
	wantError(t, err, ErrPortInUse)
	wantError(t, err, unix.EADDRINUSE)
}

func TestDHCP6WhenTheLinkGoes(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		d := openDHCP6(t, link, xid6)
		link.Set("down")
		wantError(t, d.Send(nil), ErrLinkDown)
		wantError(t, within(t, receiving6(t.Context(), d)).err, ErrLinkDown)
		wantError(t, openDHCP6On(t, link, local6), ErrLinkDown)
		link.Set("up")
		addLocal6(link, local6) // the kernel has taken it away
		s := newServer6(t, lan)
		testlan.Eventually(t, "it works again", func() bool { return d.Send(nil) == nil })
		_, who := s.heard()
		s.send(message6(7, xid6, 1), who)
		receive6(t, d)
		link.Delete()
		wantError(t, d.Send(nil), ErrLinkGone)
		wantError(t, within(t, receiving6(t.Context(), d)).err, ErrLinkGone)
		wantError(t, openDHCP6On(t, link, local6), ErrLinkGone)
	})
}

func TestDHCP6ReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	d := openDHCP6(t, link, xid6)
	ctx, cancel := context.WithCancel(t.Context())
	got := receiving6(ctx, d)
	cancel()
	wantError(t, within(t, got).err, context.Canceled)
	wantError(t, within(t, receiving6(ctx, d)).err, context.Canceled)
}

// Closed, it wakes who waits, and lets go of the namespace at once.
func TestDHCP6Closes(t *testing.T) {
	testlan.NoLeaks(t)
	lan, link := onVeth(t)
	d := openDHCP6(t, link, xid6)
	got := receiving6(t.Context(), d)
	link.NS.Delete()
	if !exists(lan.Host, link.Peer) {
		t.Fatal("the veth went with the path: this test tests nothing")
	}
	d.Close()
	d.Close()
	wantError(t, within(t, got).err, net.ErrClosed)
	wantError(t, d.Send(nil), net.ErrClosed)
	wantError(t, d.SetXID(1), net.ErrClosed)
	testlan.Eventually(t, "the namespace is gone", func() bool { return !exists(lan.Host, link.Peer) })
}
