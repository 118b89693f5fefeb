// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/clock"
)

// outlook is the state that Says shows at one time; a change of it is worth a report.
type outlook struct {
	Said
	prefixes map[netip.Prefix]bool // the autonomous ones; true: preferred, not deprecated
}

func (r *Routers) outlook(now clock.Instant) outlook {
	o := outlook{prefixes: map[netip.Prefix]bool{}}
	order := slices.Clone(r.all)
	slices.SortStableFunc(order, func(a, b router) int { return cmp.Compare(b.preference, a.preference) })
	for _, h := range order {
		o.add(h, now)
	}
	o.Autonomous, o.Flood = len(o.prefixes) > 0, r.Flooded(now)
	return o
}

func (o *outlook) add(h router, now clock.Instant) {
	if h.current > now {
		o.Any, o.Managed, o.Other = true, o.Managed || h.managed, o.Other || h.other
	}
	o.DNS = gather(o.DNS, h.dns, now, MaxDNS)
	o.Search = gather(o.Search, h.search, now, MaxSearch)
	for _, p := range h.valid {
		if !p.over(now) {
			o.prefixes[p.what] = o.prefixes[p.what] || slices.ContainsFunc(h.preferred, func(t term[netip.Prefix]) bool {
				return t.what == p.what && !t.over(now)
			})
		}
	}
}

func (o outlook) equal(other outlook) bool {
	return o.Any == other.Any && o.Flood == other.Flood && o.Managed == other.Managed && o.Other == other.Other &&
		slices.Equal(o.DNS, other.DNS) && slices.Equal(o.Search, other.Search) && maps.Equal(o.prefixes, other.prefixes)
}
