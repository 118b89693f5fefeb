// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// openRouters opens a socket that is closed when the test ends.
func openRouters(t *testing.T, link testlan.Link) *Routers {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	r, err := OpenRouters(ns, link.Index)
	must(t, err)
	t.Cleanup(r.Close)
	return r
}

// hearing is what Receive of a goroutine returned.
func hearing(ctx context.Context, r *Routers) <-chan received {
	out := make(chan received, 1)
	go func() {
		icmp, _, err := r.Receive(ctx)
		out <- received{icmp, err}
	}()
	return out
}

// wantAdvertisement takes the next one, within 5 s.
func wantAdvertisement(t *testing.T, r *Routers, want []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	icmp, from, err := r.Receive(ctx)
	must(t, err)
	if !bytes.Equal(icmp, want[ipv6Len:]) || from != serverAddr6 {
		t.Errorf("%x from %v, want %x", icmp, from, want[ipv6Len:])
	}
}

// Where the container's IPv6 is on, and where it is off so that the kernel has joined no group.
func TestRoutersHear(t *testing.T) {
	for _, off := range []string{"0", "1"} {
		t.Run("disable_ipv6="+off, func(t *testing.T) {
			onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
				link.NS.Sysctl("net/ipv6/conf/all/disable_ipv6", off)
				// A macvlan goes on letting a group through that was left, until there is another change.
				link.NS.Run("ip", "maddr", "add", "33:33:00:00:00:99", "dev", link.Name)
				r := openRouters(t, link)
				s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
				must(t, s.Send(frame6(allNodesMAC, advertisement6())))
				wantAdvertisement(t, r, advertisement6())
				unicast := good6["unicast"](advertisement6())
				must(t, s.Send(frame6(link.MAC, unicast)))
				wantAdvertisement(t, r, unicast)
			})
		})
	}
}

// blindBridge lets the host's bridge carry what br_netfilter would drop: IPv6 of wrong lengths.
func blindBridge(lan *testlan.LAN) {
	const filter = "net/bridge/bridge-nf-call-ip6tables"
	if _, err := os.Stat("/proc/sys/" + filter); err == nil {
		lan.Host.Sysctl(filter, "0")
	}
}

// Everything that is wrong, then what is right: only that arrives, and nothing of
// what the filter knows gets as far as the socket's buffer.
func TestRoutersHearNothingElse(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		blindBridge(lan)
		r := openRouters(t, link)
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		passed := uint32(1)
		for _, tt := range spoiled6 {
			if p := tt.spoil(advertisement6()); len(p) > 0 {
				must(t, s.Send(frame6(link.MAC, p))) // a bridge looks into those for a group
			}
			if !tt.filter {
				passed++
			}
		}
		must(t, s.Send(frame6(net.HardwareAddr{2, 0xee, 0, 0, 0, 9}, advertisement6()))) // a bridge floods it
		must(t, s.Send(frame(allNodesMAC, 0x0800, advertisement6()).Frame))
		must(t, s.Send(frame6(allNodesMAC, advertisement6())))
		wantAdvertisement(t, r, advertisement6())
		if got := statistics(t, r); got.Packets != passed || got.Drops != 0 {
			t.Errorf("%+v, want %d packets through the filter", got, passed)
		}
	})
}

// Two seconds of what is broken, at full speed, is no reason to miss a deadline, nor the
// one that counts.
func TestRoutersInAFlood(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	r := openRouters(t, link)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	over := make(chan struct{})
	defer func() { <-over }()
	go func() {
		defer close(over)
		for start := time.Now(); time.Since(start) < 2*time.Second; {
			for _, tt := range spoiled6[1:] {
				s.Send(frame6(link.MAC, tt.spoil(advertisement6())))
			}
		}
	}()
	testlan.Eventually(t, "the flood gets through the filter", func() bool { return statistics(t, r).Packets > 100 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantError(t, within(t, hearing(ctx, r)).err, context.DeadlineExceeded)
	wantRunning(t, over)
	heard := hearing(t.Context(), r)
	for len(heard) == 0 { // a queue on the way may lose some
		must(t, s.Send(frame6(allNodesMAC, advertisement6())))
		time.Sleep(time.Millisecond) // or we are a flood ourselves
		wantRunning(t, over)
	}
	must(t, (<-heard).err)
}

// Exactly this, as all routers get it.
func TestSolicitOnTheWire(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		link.NS.Sysctl("net/ipv6/conf/all/disable_ipv6", "1") // the kernel's own solicitations look alike
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		must(t, Solicit(link.NS.Open(), link.Index, netip.Addr{}))
		want := append(append([]byte{0x33, 0x33, 0, 0, 0, 2}, link.MAC...), 0x86, 0xdd)
		want = append(want, buildSolicitation(netip.Addr{})...)
		testlan.Eventually(t, "the solicitation", func() bool {
			return slices.ContainsFunc(s.Frames(), func(f []byte) bool { return bytes.Equal(f, want) })
		})
	})
}

// A real router, the kernel's neighbour on the LAN, is asked and answers.
func TestSolicitIsAnsweredByDnsmasq(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		link.NS.Sysctl("net/ipv6/conf/all/disable_ipv6", "1")
		lan.Router.Run("ip", "addr", "add", "fd00::1/64", "dev", testlan.RouterLink, "nodad")
		lan.Router.Run("ip", "addr", "add", serverAddr6.String()+"/64", "dev", testlan.RouterLink, "nodad")
		lan.Dnsmasq("--enable-ra", "--dhcp-range=fd00::,ra-stateless", "--ra-param="+testlan.RouterLink+",600", defaultRange4)
		r := openRouters(t, link)
		heard := hearing(t.Context(), r)
		testlan.Eventually(t, "the answer", func() bool {
			must(t, Solicit(link.NS.Open(), link.Index, netip.Addr{}))
			time.Sleep(20 * time.Millisecond)
			return len(heard) > 0
		})
		if got := <-heard; got.err != nil || got.payload[0] != typeAdvertisement || len(got.payload) < 16 {
			t.Errorf("%x, %v", got.payload, got.err)
		}
	})
}

const defaultRange4 = "--dhcp-range=192.0.2.100,192.0.2.199,255.255.255.0,1h"

func TestRoutersWhenTheLinkGoesDownAndUp(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		r := openRouters(t, link)
		got := hearing(t.Context(), r)
		link.Set("down")
		wantError(t, within(t, got).err, ErrLinkDown)
		wantError(t, Solicit(link.NS.Open(), link.Index, netip.Addr{}), ErrLinkDown)
		_, err := OpenRouters(link.NS.Open(), link.Index)
		wantError(t, err, ErrLinkDown)
		link.Set("up")
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		must(t, s.Send(frame6(allNodesMAC, advertisement6())))
		wantAdvertisement(t, r, advertisement6())
	})
}

func TestRoutersWhenTheLinkGoesAway(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		r := openRouters(t, link)
		got := hearing(t.Context(), r)
		link.Delete()
		if within(t, got).err == nil {
			t.Error("received something")
		}
		// Down comes before gone, and may be seen by itself.
		wantError(t, within(t, hearing(t.Context(), r)).err, ErrLinkGone)
		_, err := OpenRouters(link.NS.Open(), link.Index)
		wantError(t, err, ErrLinkGone)
		wantError(t, Solicit(link.NS.Open(), link.Index, netip.Addr{}), ErrLinkGone)
	})
}

func TestRoutersReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	r := openRouters(t, link)
	ctx, cancel := context.WithCancel(t.Context())
	got := hearing(ctx, r)
	cancel()
	wantError(t, within(t, got).err, context.Canceled)
	wantError(t, within(t, hearing(ctx, r)).err, context.Canceled)
}

// Closed, they let go of the namespace: who has listened, who has asked, and who could not.
func TestRoutersCloseLetsTheNamespaceGo(t *testing.T) {
	gc := debug.SetGCPercent(-1) // it closes files that are forgotten
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	testlan.NoLeaks(t)
	lan, link := onVeth(t)
	r := openRouters(t, link)
	got := hearing(t.Context(), r)
	ns := link.NS.Open()
	must(t, Solicit(ns, link.Index, netip.Addr{}))
	link.Set("down")
	_, err := OpenRouters(ns, link.Index)
	wantError(t, err, ErrLinkDown)
	ns.Close()
	link.NS.Delete()
	if !exists(lan.Host, link.Peer) {
		t.Fatal("the veth went with the path: this test tests nothing")
	}
	r.Close()
	r.Close()
	within(t, got)
	wantError(t, within(t, hearing(t.Context(), r)).err, net.ErrClosed)
	Flush()
	testlan.Eventually(t, "the namespace is gone", func() bool { return !exists(lan.Host, link.Peer) })
}
