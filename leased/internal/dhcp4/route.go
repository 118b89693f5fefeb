// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"net/netip"
	"slices"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"
)

var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// routes returns the routes of the first option that is present and well-formed: 121,
// then 249 (Microsoft's number for the same), then 33 and 3. A client that gets 121 must
// ignore 33 and 3 (RFC 3442, "DHCP Client Behavior"). A truncated 121 counts as absent:
// half of a routing table is worse than a default route.
func routes(o v4.Options) []Route {
	for _, code := range []uint8{optClassless, optClasslessMS} {
		var rs v4.Routes
		if v := o[code]; v != nil && rs.FromBytes(v) == nil {
			return classless(rs)
		}
	}
	rs := classful(o)
	return append(rs[:min(len(rs), MaxRoutes-1)], defaultRoute(o)...)
}

func classless(rs v4.Routes) []Route {
	var out []Route
	for _, r := range rs {
		ones, _ := r.Dest.Mask.Size()
		dst, ok := netip.AddrFromSlice(r.Dest.IP)
		if !ok {
			continue
		}
		// The client must zero the bits beyond the mask (RFC 3442).
		prefix := netip.PrefixFrom(dst, ones).Masked()
		if r.Router.IsUnspecified() { // on-link, no router
			out = appendRoute(out, Route{Dst: prefix})
		} else if via := addr(r.Router); Unicast(via) {
			out = appendRoute(out, Route{Dst: prefix, Via: via})
		}
	}
	return out
}

// classful reads option 33: pairs of a destination, with the mask of its class, and a
// router. 0.0.0.0 is not a legal destination (RFC 2132 §5.8).
func classful(o v4.Options) []Route {
	ips := v4.GetIPs(v4.OptionStaticRoutingTable, o)
	if len(ips)%2 != 0 {
		return nil
	}
	var out []Route
	for pair := range slices.Chunk(ips, 2) {
		dst, via := addr(pair[0]), addr(pair[1])
		if Unicast(dst) && Unicast(via) {
			out = appendRoute(out, Route{Dst: netip.PrefixFrom(dst, ClassBits(dst)).Masked(), Via: via})
		}
	}
	return out
}

// defaultRoute reads option 3. Its routers are in order of preference (RFC 2132 §3.5). A
// host has one default route, so the first usable router gets it.
func defaultRoute(o v4.Options) []Route {
	for _, ip := range v4.GetIPs(v4.OptionRouter, o) {
		if via := addr(ip); Unicast(via) {
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

// routable refuses prefixes within 0/8, loopback, multicast or class E (tricks like
// CVE-2024-3661). A wider prefix such as 0.0.0.0/1, half of the default route, is legal;
// whether it is wanted is a network's policy.
func routable(p netip.Prefix) bool {
	switch {
	case p == anywhere:
		return true
	case p.Bits() >= 8:
		return Unicast(p.Addr())
	}
	return p.Addr().As4()[0] < 224
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
