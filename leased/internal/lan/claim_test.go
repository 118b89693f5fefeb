// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"slices"
	"testing"
)

// wantRivals wants an answer of Claim.
func wantRivals(t *testing.T, m *told, gone []*Member, want ...*told) {
	t.Helper()
	got := m.Claim(gone)
	for _, r := range want {
		if !slices.Contains(got, r.Member) {
			t.Errorf("not among the rivals: %+v", r.Member)
		}
	}
	if len(got) != len(want) || m.living != (len(want) == 0) {
		t.Errorf("%d rivals, want %d; living: %v", len(got), len(want), m.living)
	}
}

func TestClaim(t *testing.T) {
	for name, c := range map[string]struct {
		change func(id *Identity)
		want   Shared
	}{
		"another one":         {func(id *Identity) { *id = numbered("br0", 2) }, 0},
		"all of it":           {func(*Identity) {}, SharedMAC},
		"the MAC":             {func(id *Identity) { id.Client, id.Six = "other", six{2} }, SharedMAC},
		"the client":          {func(id *Identity) { id.MAC, id.Six = numbered("", 2).MAC, six{2} }, SharedClient},
		"the one of IPv6":     {func(id *Identity) { id.MAC, id.Client = numbered("", 2).MAC, "other" }, SharedSix},
		"all, on another LAN": {func(id *Identity) { id.Host = "br1" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				id := numbered("br0", 1)
				id.Six = six{1}
				owner, held := w.join(id), w.join(id) // who is held claims nothing
				wantRivals(t, owner, nil)
				wantRivals(t, owner, nil) // again
				c.change(&id)
				other := w.join(id)
				if c.want == 0 {
					wantRivals(t, other, nil)
				} else {
					wantRivals(t, other, nil, owner)
					wantRivals(t, other, []*Member{held.Member}, owner)
					wantRivals(t, other, []*Member{owner.Member})
				}
				if got := other.Shares(owner.Member); got != c.want && id.Host == "br0" {
					t.Errorf("they share %d, want %d", got, c.want)
				}
				owner.Leave()
				other.Leave()
				wantRivals(t, held, nil)
				held.Leave()
				if c := owner.lan.clients; c.living != 0 || len(c.byName)+len(c.bySix) != 0 {
					t.Errorf("%+v is left", c)
				}
			})
		})
	}
}

// Without IPv6 there is nothing to share in IPv6.
func TestClaimWithoutIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		wantRivals(t, w.member(1), nil)
		wantRivals(t, w.member(2), nil)
	})
}

// Of rivals of several kinds each is named.
func TestClaimNamesAllRivals(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.member(1), w.member(2)
		wantRivals(t, one, nil)
		wantRivals(t, two, nil)
		id := numbered("br0", 1)
		id.MAC = numbered("", 2).MAC
		wantRivals(t, w.join(id), nil, one, two)
		wantRivals(t, w.join(id), []*Member{one.Member}, two)
	})
}
