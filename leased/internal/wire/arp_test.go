// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// The bytes of RFC 5227 §2.1.1 and §2.3, as all others on the LAN get them.
func TestARPOnTheWire(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		a := openARP(t, link)
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		must(t, a.Probe(leased))
		must(t, a.Announce(leased))
		head := append(append(bytes.Repeat([]byte{0xff}, 6), link.MAC...), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
		head = append(head, link.MAC...)
		probe := append(slices.Clone(head), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 77)
		announcement := append(head, 192, 0, 2, 77, 0, 0, 0, 0, 0, 0, 192, 0, 2, 77)
		for name, want := range map[string][]byte{"probe": probe, "announcement": announcement} {
			testlan.Eventually(t, name, func() bool {
				return slices.ContainsFunc(s.Frames(), func(f []byte) bool { return bytes.Equal(f, want) })
			})
		}
	})
}

// Another host that really has the address, a sibling, says so by itself: when it
// is asked, and when it moves to another MAC.
func TestARPHearsAHostThatHasTheAddress(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		host := sibling(lan, link)
		host.NS.Run("ip", "addr", "add", leased.String()+"/24", "dev", host.Name)
		a := watching(t, link, leased)
		start := time.Now()
		must(t, a.Probe(leased))
		wantConflict(t, a, Conflict{Addr: leased, MAC: host.MAC})
		if took := time.Since(start); took > time.Second { // it takes 0.1 ms: nobody here waits for a timer
			t.Errorf("the answer took %v", took)
		}
		host.NS.Sysctl("net/ipv4/conf/"+host.Name+"/arp_notify", "1")
		moved := net.HardwareAddr{2, 0xee, 0, 0, 0, 3}
		host.Set("address", moved.String())
		wantConflict(t, a, Conflict{Addr: leased, MAC: moved})
	})
}

// A switch that tracks hosts asks the host alone, or under a MAC that is not its frame's.
func TestARPHearsNoSwitchThatTracksHosts(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		a := watching(t, link, leased)
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		its := testlan.ARP{Op: 1, SHA: testlan.ServerMAC, TPA: leased}
		must(t, s.Send(its.Frame(link.MAC)))
		must(t, s.Send(rival.Frame(testlan.Broadcast)))
		must(t, s.Send(conflict.Frame(link.MAC)))
		wantConflict(t, a, Conflict{Addr: leased, MAC: conflict.SHA})
		must(t, s.Send(its.Frame(testlan.Broadcast)))
		wantConflict(t, a, Conflict{Addr: leased, MAC: its.SHA, Probe: true})
	})
}

// Two that want the same address at the same time both hear it.
func TestARPHearsWhoProbesToo(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		host := sibling(lan, link)
		a, b := watching(t, link, leased), watching(t, host, leased)
		must(t, a.Probe(leased))
		must(t, b.Probe(leased))
		wantConflict(t, a, Conflict{Addr: leased, MAC: host.MAC, Probe: true})
		wantConflict(t, b, Conflict{Addr: leased, MAC: link.MAC, Probe: true})
		must(t, b.Announce(leased))
		wantConflict(t, a, Conflict{Addr: leased, MAC: host.MAC})
	})
}

// What is there already is had without waiting, and what is not is not waited for.
func TestARPPending(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	a, witness := watching(t, link, leased), watching(t, link, leased)
	if c, ok := a.Pending(); ok {
		t.Errorf("nothing was said, and yet %v", c)
	}
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	must(t, s.Send(conflict.Frame(testlan.Broadcast)))
	want := Conflict{Addr: leased, MAC: conflict.SHA}
	wantConflict(t, witness, want)
	if c, ok := a.Pending(); !ok || c.Addr != want.Addr || !slices.Equal(c.MAC, want.MAC) {
		t.Errorf("%v, %v", c, ok)
	}
	if c, ok := a.Pending(); ok {
		t.Errorf("twice: %v", c)
	}
	a.Close()
	if c, ok := a.Pending(); ok {
		t.Errorf("closed: %v", c)
	}
}

func TestARPHearsNothingBeforeWatch(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	a, witness := openARP(t, link), watching(t, link, leased)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	must(t, s.Send(conflict.Frame(testlan.Broadcast)))
	wantConflict(t, witness, Conflict{Addr: leased, MAC: conflict.SHA}) // so it came by
	if got := statistics(t, a); got.Packets != 0 {
		t.Errorf("%d packets are in the buffer", got.Packets)
	}
}

// The sieve is real: nothing harmless gets as far as the socket's buffer.
func TestARPHearsNothingHarmless(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		a := watching(t, link, leased)
		s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
		for _, f := range harmlessFrames(link.MAC) {
			must(t, s.Send(f))
		}
		must(t, a.Probe(leased)) // nor do we hear ourselves
		must(t, s.Send(conflict.Frame(link.MAC)))
		wantConflict(t, a, Conflict{Addr: leased, MAC: conflict.SHA})
		if got := statistics(t, a); got.Packets != 1 || got.Drops != 0 {
			t.Errorf("%+v, want one packet through the filter", got)
		}
	})
}

// harmlessFrames are harmless to who has mac: for what is in them, or as frames.
func harmlessFrames(mac net.HardwareAddr) (out [][]byte) {
	for _, tt := range harmless {
		f := tt.of.Frame(testlan.Broadcast)
		copy(f[testlan.OffARP+tt.at:], tt.bytes)
		if tt.want == dropOwn {
			copy(f[testlan.OffARP+offSender:], mac)
		}
		out = append(out, f)
	}
	vlan5 := append([]byte{0, 5, 8, 6}, arp(conflict)...)
	unknown := net.HardwareAddr{2, 0xee, 0, 0, 0, 9} // a bridge floods what is for it
	return append(out,
		conflict.Frame(testlan.Broadcast)[:testlan.OffARP+arpLen-1], conflict.Frame(unknown),
		frame(testlan.Broadcast, 0x0800, arp(conflict)).Frame, frame(testlan.Broadcast, 0x8100, vlan5).Frame)
}

func TestWatchForgetsWhatWasBefore(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	a := watching(t, link, leased)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	must(t, s.Send(conflict.Frame(testlan.Broadcast)))
	testlan.Eventually(t, "the conflict is in the buffer", func() bool { return statistics(t, a).Packets == 1 })
	must(t, a.Watch(leased)) // the same one: what is forgotten would still match
	again := conflict
	again.SHA = net.HardwareAddr{2, 0xee, 0, 0, 0, 2}
	must(t, s.Send(again.Frame(testlan.Broadcast)))
	wantConflict(t, a, Conflict{Addr: leased, MAC: again.SHA})
	must(t, a.Watch(leased.Next()))
	must(t, s.Send(conflict.Frame(testlan.Broadcast)))
	again.SPA = leased.Next()
	must(t, s.Send(again.Frame(testlan.Broadcast)))
	wantConflict(t, a, Conflict{Addr: leased.Next(), MAC: again.SHA})
}

func TestARPReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	a := watching(t, link, leased)
	ctx, cancel := context.WithCancel(t.Context())
	got := listening(ctx, a)
	cancel()
	wantError(t, within(t, got), context.Canceled)
	wantError(t, within(t, listening(ctx, a)), context.Canceled)
}

func TestARPCloseWakesTheReceiver(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	a := watching(t, link, leased)
	got := listening(t.Context(), a)
	a.Close()
	a.Close()
	wantError(t, within(t, got), net.ErrClosed)
	wantError(t, within(t, listening(t.Context(), a)), net.ErrClosed)
	wantError(t, a.Watch(leased), net.ErrClosed)
	wantError(t, a.Probe(leased), net.ErrClosed)
	wantError(t, a.Announce(leased), net.ErrClosed)
}

func TestARPCloseLetsTheNamespaceGo(t *testing.T) {
	testlan.NoLeaks(t)
	lan, link := onVeth(t)
	a := watching(t, link, leased)
	link.NS.Delete()
	if !exists(lan.Host, link.Peer) {
		t.Fatal("the veth went with the path: this test tests nothing")
	}
	a.Close()
	Flush()
	testlan.Eventually(t, "the namespace is gone", func() bool { return !exists(lan.Host, link.Peer) })
}

func TestARPIsForIPv4OverEthernet(t *testing.T) {
	if _, err := OpenARP(nil, 1, net.HardwareAddr{1, 2}); err == nil {
		t.Error("took two bytes for a MAC")
	}
	for _, no := range []netip.Addr{{}, netip.IPv6Unspecified(), netip.IPv4Unspecified()} {
		if new(ARP).Watch(no) == nil {
			t.Errorf("watches %v", no)
		}
	}
	if new(ARP).Probe(netip.IPv6Unspecified()) == nil || new(ARP).Announce(netip.Addr{}) == nil {
		t.Error("asked for an address that is not IPv4")
	}
}
