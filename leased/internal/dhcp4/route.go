// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"net/netip"
	"slices"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"
)

var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// routes returns the routes of the first option that has any: 121, then 249 (Microsoft's
// number for the same), then 33 and 3. A client that gets 121 must ignore 33 and 3 (RFC 3442,
// "DHCP Client Behavior").
func routes(o v4.Options) []Route {
	for _, code := range []uint8{optClassless, optClasslessMS} {
		if rs, ok := classless(o[code]); ok {
			return rs
		}
	}
	rs := classful(o)
	return append(rs[:min(len(rs), MaxRoutes-1)], defaultRoute(o)...)
}

// classless reads descriptors of a destination and a router (RFC 3442), and reports whether
// there was one. A rest that is none is left out: servers pad the option with zeros.
func classless(v []byte) (out []Route, ok bool) {
	for len(v) > 0 && v[0] <= 32 {
		bits, n := int(v[0]), (int(v[0])+7)/8
		if len(v) < 1+n+4 {
			break
		}
		var dst [4]byte
		copy(dst[:], v[1:1+n])
		// The client must zero the bits beyond the mask (RFC 3442).
		r := Route{Dst: netip.PrefixFrom(netip.AddrFrom4(dst), bits).Masked(), Via: addr(v[1+n : 5+n])}
		if !r.Via.IsValid() || Unicast(r.Via) { // 0.0.0.0: on-link
			out = appendRoute(out, r)
		}
		v, ok = v[5+n:], true
	}
	return out, ok
}

// classful reads option 33: pairs of a destination, with the mask of its class, and a
// router. 0.0.0.0 is not a legal destination (RFC 2132 §5.8).
func classful(o v4.Options) []Route {
	ips := addrs(o[optStaticRoute])
	var out []Route
	for pair := range slices.Chunk(ips[:len(ips)/2*2], 2) {
		dst, via := pair[0], pair[1]
		if Unicast(dst) && Unicast(via) {
			out = appendRoute(out, Route{Dst: netip.PrefixFrom(dst, ClassBits(dst)).Masked(), Via: via})
		}
	}
	return out
}

// defaultRoute reads option 3. Its routers are in order of preference (RFC 2132 §3.5). A
// host has one default route, so the first usable router gets it.
func defaultRoute(o v4.Options) []Route {
	for _, via := range addrs(o[optRouter]) {
		if Unicast(via) {
			return []Route{{Dst: anywhere, Via: via}}
		}
	}
	return nil
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
