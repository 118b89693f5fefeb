// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"fmt"
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// widest is the shortest prefix of a subnet or of a route other than the default one. Two
// routes to halves of the Internet win over every default route (CVE-2024-3661).
const widest = 8

// metadata is where clouds tell a machine its secrets. No LAN has a say there.
var metadata = netip.AddrFrom4([4]byte{169, 254, 169, 254})

// trim leaves out of a binding what would take traffic that is not the LAN's, and says what. A
// subnet that would is left out, too: the address is alone then, and reaches the LAN by its
// routes. The default route is the policy's matter. A route to a router that the policy does not
// allow is left out, too.
func trim(s binding.Spec, routers []netip.Prefix, others []binding.Other) (trimmed binding.Spec, left []string) {
	if s.Addr.Bits() < s.Addr.Addr().BitLen() {
		if why := strays(s.Addr.Masked(), others); why != "" {
			left = append(left, fmt.Sprintf("subnet of %s: %s", s.Addr, why))
			s.Addr = netip.PrefixFrom(s.Addr.Addr(), s.Addr.Addr().BitLen())
		}
	}
	all := s.Routes
	s.Routes = nil
	for _, r := range all {
		why := misled(r, routers)
		if why == "" && r.Dst.Bits() > 0 {
			why = strays(r.Dst.Masked(), others)
		}
		if why == "" {
			s.Routes = append(s.Routes, r)
			continue
		}
		left = append(left, fmt.Sprintf("route to %s: %s", r.Dst, why))
	}
	return s, left
}

// misled says why the policy does not allow a route's router; "" if it does.
func misled(r binding.Route, routers []netip.Prefix) string {
	if routers == nil || !r.Via.IsValid() || r.Via.IsUnspecified() ||
		slices.ContainsFunc(routers, func(p netip.Prefix) bool { return p.Contains(r.Via) }) {
		return ""
	}
	return fmt.Sprintf("option router= does not allow %s", r.Via)
}

// strays says why traffic to p is not the LAN's; "" if it may be.
func strays(p netip.Prefix, others []binding.Other) string {
	switch {
	case p.Bits() < widest:
		return fmt.Sprintf("wider than /%d", widest)
	case p.Contains(metadata):
		return "has the metadata address " + metadata.String()
	}
	for _, o := range others {
		if p.Overlaps(o.Subnet) {
			return fmt.Sprintf("overlaps %s of another interface", o.Subnet)
		}
	}
	return ""
}

func (d *Driver) trim(s binding.Spec, others []binding.Other) (trimmed binding.Spec, left []string) {
	return trim(s, d.cfg.Request.Policy.Routers, others)
}

// others are the addresses of the container's other interfaces. A link with index 2 was the
// first one in its netns, so a start does not look.
func (d *Driver) others() []binding.Other {
	at := d.cfg.Owner.Place()
	if d.bound == nil && at.Index <= firstIndex {
		return nil
	}
	all, err := d.cfg.Kernel.Others4(at)
	if err != nil && !kernel.IsGone(err) { // Apply4 finds that the container is gone
		d.emit(event.Failed{What: "look at the container's other interfaces", Err: err})
	}
	return all
}

// foreign leaves out an interface that is on the same LAN, by another attachment: it shares the
// subnet rightly.
func (d *Driver) foreign(l lease4.Lease, all []binding.Other) []binding.Other {
	return slices.DeleteFunc(slices.Clone(all), func(o binding.Other) bool {
		return o.Subnet == l.Addr.Masked() && d.cfg.Owner.LAN().HasSibling(o.Addr)
	})
}

// maxSources bounds how many addresses of others a binding knows. More are not worth the memory.
const maxSources = 8

// sources has answers leave by the interface that the question came in on, where the container
// has other interfaces.
func sources(all []binding.Other) *binding.Sources {
	if len(all) == 0 {
		return nil
	}
	return &binding.Sources{Others: slices.Clone(all[:min(len(all), maxSources)])}
}

// firstIndex is of the first link that is made in a netns. lo has 1.
const firstIndex = 2

// lookAgain finds the interfaces that the container got after this one: Podman brings a
// container onto its networks in any order.
func (d *Driver) lookAgain(l lease4.Lease) {
	if d.bound == nil || d.cfg.Owner.Ending() {
		return
	}
	all := d.others()
	_, left := d.trim(d.spec(l), d.foreign(l, all))
	if len(left) > 0 || !d.bound.Sources.Equal(sources(all)) {
		d.bind(l, l)
	}
}

// maxParts bounds the line about a lease with dozens of routes.
const maxParts = 8

// emitTrimmed tells what was left out, if the binding is another one now or the lease before
// it, which asked for that binding, had left out something else.
func (d *Driver) emitTrimmed(left []string, changed bool, before binding.Spec, others []binding.Other) {
	if len(left) == 0 {
		return
	}
	if _, was := d.trim(before, others); !changed && slices.Equal(was, left) {
		return
	}
	if more := len(left) - maxParts; more > 0 {
		left = append(left[:maxParts:maxParts], fmt.Sprintf("and %d more", more))
	}
	d.emit(event.Trimmed{Parts: left})
}
