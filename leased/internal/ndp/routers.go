// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// MaxRouters is how many routers of a LAN are kept at a time.
const MaxRouters = 16

// Routers keeps what the routers of one LAN currently advertise. The zero value has
// heard nothing. It is for one goroutine.
//
// Once MaxRouters are known, others are ignored, and of one router no more is kept than
// one advertisement may say. So a host that invents routers or servers cannot push out
// those that were there before. Such a host can still be one of the routers: nothing
// here is authenticated.
type Routers struct {
	all     []router      // in the order in which they were heard first
	told    outlook       // what Says or Heard has told last
	flooded clock.Instant // until then Says says so
}

// floodRest is how long a flood is not over after the last sign of it. It is less than the
// usual lifetimes of routers and prefixes, 30 min and more.
const floodRest = 10 * time.Minute

// router is the state of one router; each part has its own end.
type router struct {
	from           netip.Addr
	managed, other bool
	preference     int8
	current        clock.Instant // end of the flags above

	dns              []term[netip.Addr]
	search           []term[string]
	valid, preferred []term[netip.Prefix] // of the autonomous prefixes
	onLink           []term[netip.Prefix] // all prefixes: the kernel has a route for each
}

// Said is the sum of what all routers advertise.
type Said struct {
	// Any says that at least one router's advertisement is current; Managed and Other
	// that such an advertisement has this flag. An advertisement is current for its
	// router lifetime. A router that is not a default router has no router lifetime; its
	// advertisement is current for the longest lifetime of its prefixes, servers and
	// names, because nothing else says how long it counts.
	Any, Managed, Other bool
	// Autonomous says that hosts form addresses from a prefix that is still valid,
	// preferred or not.
	Autonomous bool
	// Flood says that more routers, or more prefixes of one router, were advertised than are
	// kept. The kernel keeps them all, so that hosts should not listen for now.
	Flood  bool
	DNS    []netip.Addr // at most MaxDNS, none twice; those of routers of a high preference first
	Search []string     // at most MaxSearch, likewise
}

// Heard takes in an advertisement. It reports whether anything changed since Says or
// Heard was called last: the result of Says, or an autonomous prefix that has come,
// gone, or changed between preferred and deprecated. A refresh of lifetimes is not a
// change.
//
// A valid lifetime of 0 ends a prefix here at once, although the kernel may keep its
// addresses, deprecated, for two hours (RFC 4862 §5.5.3 e).
func (r *Routers) Heard(now clock.Instant, a Advertisement) (changed bool) {
	r.sweep(now)
	flood := a.Excess
	if h := r.who(a.From); h != nil {
		flood = h.hear(now, a) || flood
		r.sweep(now) // a router whose parts have all expired keeps no place
	} else if a.Lifetime > 0 || len(a.Prefixes) > 0 {
		flood = true
	}
	if flood {
		r.flooded = now.Add(floodRest)
	}
	seen := r.outlook(now)
	changed = !seen.equal(r.told)
	r.told = seen
	return changed
}

// Says returns the sum of what the routers advertise at now.
func (r *Routers) Says(now clock.Instant) Said {
	r.told = r.outlook(now)
	said := r.told.Said
	said.DNS, said.Search = slices.Clone(said.DNS), slices.Clone(said.Search)
	return said
}

// Flooded is Said.Flood at now.
func (r *Routers) Flooded(now clock.Instant) bool { return now < r.flooded }

// Deadline returns when the next part expires that Says may show; clock.Never if nothing
// expires.
func (r *Routers) Deadline(now clock.Instant) clock.Instant {
	next := clock.Never
	if r.flooded > now {
		next = r.flooded
	}
	for _, h := range r.all {
		if h.current > now {
			next = min(next, h.current)
		}
		next = min(next, first(h.dns, now), first(h.search, now), first(h.valid, now), first(h.preferred, now))
	}
	return next
}

// sweep removes expired parts, and routers without any.
func (r *Routers) sweep(now clock.Instant) {
	for i := range r.all {
		h := &r.all[i]
		h.dns, h.search = living(h.dns, now), living(h.search, now)
		h.valid, h.preferred = living(h.valid, now), living(h.preferred, now)
		h.onLink = living(h.onLink, now)
	}
	r.all = slices.DeleteFunc(r.all, func(h router) bool {
		return h.current <= now && len(h.dns)+len(h.search)+len(h.onLink) == 0
	})
}

// who returns the router with that address: a known one, or a new one if there is room,
// else nil.
func (r *Routers) who(from netip.Addr) *router {
	i := slices.IndexFunc(r.all, func(h router) bool { return h.from == from })
	if i < 0 {
		if i = len(r.all); i >= MaxRouters {
			return nil
		}
		r.all = append(r.all, router{from: from})
	}
	return &r.all[i]
}

// hear takes in an advertisement. Parts that it does not repeat stay as they were (RFC
// 4861 §6.3.4). It reports whether there was no room for a prefix.
func (h *router) hear(now clock.Instant, a Advertisement) (full bool) {
	h.managed, h.other, h.preference = a.Managed, a.Other, a.Preference
	longest := uint32(0)
	for _, p := range a.Prefixes {
		longest = max(longest, p.Valid)
		link := term[netip.Prefix]{p.Prefix, end(now, p.Valid)}
		h.onLink = note(h.onLink, link, now, MaxPrefixes)
		full = full || !link.over(now) && !slices.Contains(h.onLink, link)
		if !p.Autonomous { // not any more, it may be
			p.Valid, p.Preferred = 0, 0
		}
		h.valid = note(h.valid, term[netip.Prefix]{p.Prefix, end(now, p.Valid)}, now, MaxPrefixes)
		h.preferred = note(h.preferred, term[netip.Prefix]{p.Prefix, end(now, p.Preferred)}, now, MaxPrefixes)
	}
	for _, s := range a.DNS {
		longest = max(longest, s.Lifetime)
		for _, addr := range s.Addrs {
			h.dns = note(h.dns, term[netip.Addr]{addr, end(now, s.Lifetime)}, now, MaxDNS)
		}
	}
	for _, d := range a.Search {
		longest = max(longest, d.Lifetime)
		for _, name := range d.Names {
			h.search = note(h.search, term[string]{name, end(now, d.Lifetime)}, now, MaxSearch)
		}
	}
	h.current = end(now, cmp.Or(a.Lifetime, longest))
	return full
}
