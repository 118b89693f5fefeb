// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// openARP opens an ARP socket that is closed when the test ends.
func openARP(t *testing.T, link testlan.Link) *ARP {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	a, err := OpenARP(ns, link.Index, link.MAC)
	must(t, err)
	t.Cleanup(a.Close)
	return a
}

func watching(t *testing.T, link testlan.Link, addr netip.Addr) *ARP {
	t.Helper()
	a := openARP(t, link)
	must(t, a.Watch(addr))
	return a
}

// sibling is a link of the same kind in another container.
func sibling(lan *testlan.LAN, link testlan.Link) testlan.Link {
	if link.Peer == "" {
		return lan.Macvlan(lan.Container(), "eth0")
	}
	return lan.Veth(lan.Container(), "eth0")
}

// wantConflict takes the next conflict, within 5 s.
func wantConflict(t *testing.T, a *ARP, want Conflict) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := a.Receive(ctx)
	must(t, err)
	if got.Addr != want.Addr || got.MAC.String() != want.MAC.String() || got.Probe != want.Probe {
		t.Fatalf("conflict %v, want %v", got, want)
	}
}

// listening is what Receive of a goroutine failed with, or nil.
func listening(ctx context.Context, a *ARP) <-chan error {
	out := make(chan error, 1)
	go func() { _, err := a.Receive(ctx); out <- err }()
	return out
}

// What a link does is to ARP what it is to Packet.
func TestARPWhenTheLinkGoesDownAndUp(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		a := watching(t, link, leased)
		got := listening(t.Context(), a)
		link.Set("down")
		wantError(t, within(t, got), ErrLinkDown)
		wantError(t, a.Probe(leased), ErrLinkDown)
		link.Set("up")
		lan.Router.Run("ip", "addr", "add", leased.String()+"/32", "dev", testlan.RouterLink)
		must(t, a.Probe(leased))
		wantError(t, within(t, listening(t.Context(), a)), nil)
		link.Set("down")
		wantError(t, a.Watch(leased), ErrLinkDown) // the kernel says it once: not to be lost
	})
}

func TestARPWhenTheLinkGoesAway(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		a := watching(t, link, leased)
		got := listening(t.Context(), a)
		link.Delete()
		if within(t, got) == nil {
			t.Error("received something")
		}
		// Down comes before gone, and may be seen by itself.
		wantError(t, within(t, listening(t.Context(), a)), ErrLinkGone)
		wantError(t, a.Announce(leased), ErrLinkGone)
	})
}

func TestARPOnALinkThatIsDownOrMissing(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	ns := link.NS.Open()
	_, err := OpenARP(ns, 4711, link.MAC)
	wantError(t, err, ErrLinkGone)
	_, err = OpenARP(nil, link.Index, link.MAC)
	wantError(t, err, ErrLinkGone)
	link.Set("down")
	wantError(t, openARP(t, link).Watch(leased), ErrLinkDown)
	wantError(t, openARP(t, link).Probe(leased), ErrLinkDown)
}
