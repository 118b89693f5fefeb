// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"net/netip"
	"slices"
)

var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// routes returns the routes of the first option that has any: 121, then 249 (Microsoft's
// number for the same), then 33 and 3. A client that gets 121 must ignore 33 and 3 (RFC 3442,
// "DHCP Client Behavior"). your is the client's address.
func routes(o options, your netip.Addr) []Route {
	for _, code := range []uint8{optClassless, optClasslessMS} {
		if rs, ok := o.classless(code); ok {
			return rs
		}
	}
	rs := o.classful()
	return append(rs[:min(len(rs), MaxRoutes-1)], o.defaultRoute(your)...)
}

// classless reads descriptors of a destination and a router (RFC 3442), and reports whether
// there was one. A rest that is none is left out: servers pad the option with zeros.
func (o options) classless(code uint8) (out []Route, ok bool) {
	whole := func(v []byte) bool { return len(descriptors(v, func(Route) {})) == 0 }
	for _, v := range o.lists(code, whole) {
		descriptors(v, func(r Route) {
			if ok = true; !r.Via.IsValid() || Unicast(r.Via) { // 0.0.0.0: on-link
				out = appendRoute(out, r)
			}
		})
	}
	return out, ok
}

// descriptors calls each for each route of v, and returns the rest.
func descriptors(v []byte, each func(Route)) (rest []byte) {
	for len(v) > 0 && v[0] <= 32 {
		bits, n := int(v[0]), (int(v[0])+7)/8
		if len(v) < 1+n+4 {
			break
		}
		var dst [4]byte
		copy(dst[:], v[1:1+n])
		// The client must zero the bits beyond the mask (RFC 3442).
		each(Route{Dst: netip.PrefixFrom(netip.AddrFrom4(dst), bits).Masked(), Via: addr(v[1+n : 5+n])})
		v = v[5+n:]
	}
	return v
}

// classful reads option 33: pairs of a destination, with the mask of its class, and a
// router. 0.0.0.0 is not a legal destination (RFC 2132 §5.8).
func (o options) classful() []Route {
	var out []Route
	for pair := range slices.Chunk(o.addrs(optStaticRoute, 2), 2) {
		dst, via := pair[0], pair[1]
		if Unicast(dst) && Unicast(via) {
			out = appendRoute(out, Route{Dst: netip.PrefixFrom(dst, ClassBits(dst)).Masked(), Via: via})
		}
	}
	return out
}

// defaultRoute reads option 3. Its routers are in order of preference (RFC 2132 §3.5). A
// host has one default route, so the first usable router gets it. The client itself is the last
// choice, which says that everything is on the link.
func (o options) defaultRoute(your netip.Addr) (last []Route) {
	for _, via := range o.addrs(optRouter, 1) {
		switch {
		case !Unicast(via):
		case via != your:
			return []Route{{Dst: anywhere, Via: via}}
		default:
			last = []Route{{Dst: anywhere, Via: via}}
		}
	}
	return last
}

// appendRoute appends r under three conditions: a server may decide about r's
// destination, no route leads there already (the kernel would refuse it), and there is
// room. The quadratic search covers at most 64 routes.
func appendRoute(out []Route, r Route) []Route {
	taken := slices.ContainsFunc(out, func(q Route) bool { return q.Dst == r.Dst })
	if taken || len(out) >= MaxRoutes || !routable(r.Dst) {
		return out
	}
	return append(out, r)
}

// routable refuses prefixes within 0/8, loopback or multicast (tricks like
// CVE-2024-3661). A wider prefix such as 0.0.0.0/1, half of the default route, is legal;
// whether it is wanted is a network's policy.
func routable(p netip.Prefix) bool {
	switch {
	case p == anywhere:
		return true
	case p.Bits() >= 8:
		return Unicast(p.Addr())
	}
	return Unicast(p.Addr()) || p.Addr().IsUnspecified()
}

// ClassBits returns the prefix length of the address's class (RFC 791 §3.2), used as the
// mask if a server gives none.
func ClassBits(a netip.Addr) int {
	switch first := a.As4()[0]; {
	case first < 128:
		return 8
	case first < 192:
		return 16
	}
	return 24
}
