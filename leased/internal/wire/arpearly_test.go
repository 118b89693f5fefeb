// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// A start probes first and watches later. The answer is kept, whether a receiver waits or
// not, and comes once.
func TestARPKeepsTheAnswerUntilWatch(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		host := sibling(lan, link)
		host.NS.Run("ip", "addr", "add", leased.String()+"/24", "dev", host.Name)
		want := Conflict{Addr: leased, MAC: host.MAC}
		for name, take := range map[string]func(a *ARP){
			"pending":          func(a *ARP) { wantPending(t, a, want) },
			"receive":          func(a *ARP) { wantConflict(t, a, want) },
			"pending, no more": func(a *ARP) { wantConflict(t, a, want); wantNonePending(t, a) },
			"receive, no more": func(a *ARP) { wantPending(t, a, want); wantNonePending(t, a) },
		} {
			t.Log(name)
			a, witness := openARP(t, link), watching(t, link, leased)
			must(t, a.Probe(leased))
			wantConflict(t, witness, want)
			must(t, a.Watch(leased))
			take(a)
		}
		a, witness := openARP(t, link), watching(t, link, leased)
		got := listening(t.Context(), a)
		must(t, a.Probe(leased))
		wantConflict(t, witness, want)
		if len(got) > 0 {
			t.Error("received before Watch")
		}
		must(t, a.Watch(leased))
		must(t, within(t, got))
	})
}

func wantPending(t *testing.T, a *ARP, want Conflict) {
	t.Helper()
	if c, ok := a.Pending(); !ok || c.Addr != want.Addr || c.MAC.String() != want.MAC.String() {
		t.Errorf("pending %v, %v; want %v", c, ok, want)
	}
}

func wantNonePending(t *testing.T, a *ARP) {
	t.Helper()
	if c, ok := a.Pending(); ok {
		t.Errorf("pending %v", c)
	}
}

// The host that had the address before may have said something with it. Other addresses
// are no conflict, nor is a probe for another address a reason to keep anything.
func TestARPForgetsWhatCameBeforeTheProbe(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	say := func(c testlan.ARP, as string) {
		t.Helper()
		witness := watching(t, link, c.SPA)
		must(t, s.Send(c.Frame(testlan.Broadcast)))
		wantConflict(t, witness, Conflict{Addr: c.SPA, MAC: c.SHA})
	}
	for name, probed := range map[string]bool{"probed for it": true, "probed for another": false} {
		a := openARP(t, link)
		got := listening(t.Context(), a)
		testlan.Eventually(t, "it listens", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.bound })
		say(conflict, "before")
		if probed {
			must(t, a.Probe(leased))
		} else {
			must(t, a.Probe(leased.Next()))
			say(conflict, "between")
		}
		other := conflict
		other.SPA = leased.Next()
		say(other, "between")
		must(t, a.Watch(leased))
		wantNonePending(t, a)
		if len(got) > 0 {
			t.Errorf("%s: %v", name, <-got)
		}
		say(conflict, "after")
		must(t, within(t, got))
	}
}

// The buffer overflows before the probe: the answer has room all the same.
func TestARPFloodBeforeTheProbe(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	host := sibling(lan, link)
	host.NS.Run("ip", "addr", "add", leased.String()+"/24", "dev", host.Name)
	a := openARP(t, link)
	must(t, a.Probe(leased.Next()))
	overflow(t, lan, link, a)
	witness := watching(t, link, leased)
	must(t, a.Probe(leased))
	wantConflict(t, witness, Conflict{Addr: leased, MAC: host.MAC})
	must(t, a.Watch(leased))
	wantPending(t, a, Conflict{Addr: leased, MAC: host.MAC})
}

// The buffer overflows between probe and Watch: the answer may be lost, so Watch asks again.
func TestARPFloodAfterTheProbe(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	host := sibling(lan, link)
	a := openARP(t, link)
	must(t, a.Probe(leased))
	overflow(t, lan, link, a)
	host.NS.Run("ip", "addr", "add", leased.String()+"/24", "dev", host.Name) // it has not heard the probe
	must(t, a.Watch(leased))
	wantConflict(t, a, Conflict{Addr: leased, MAC: host.MAC})
}

// overflow fills the socket's buffer with what is harmless, and has a conflict lost, which
// is not counted yet.
func overflow(t *testing.T, lan *testlan.LAN, link testlan.Link, a *ARP) {
	t.Helper()
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	other := conflict
	other.SPA = leased.Next()
	send := func() bool {
		for range 100 {
			must(t, s.Send(other.Frame(testlan.Broadcast)))
		}
		return statistics(t, a).Drops > 0
	}
	testlan.Eventually(t, "the buffer is full", send)
	lost := conflict
	witness := watching(t, link, lost.SPA)
	must(t, s.Send(lost.Frame(testlan.Broadcast)))
	wantConflict(t, witness, Conflict{Addr: lost.SPA, MAC: lost.SHA})
}

func TestARPWaitEndsBeforeWatch(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	a := openARP(t, link)
	ctx, cancel := context.WithCancel(t.Context())
	got := listening(ctx, a)
	cancel()
	wantError(t, within(t, got), context.Canceled)
	got = listening(t.Context(), a)
	a.Close()
	wantError(t, within(t, got), net.ErrClosed)
}
