// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"net/netip"
	"slices"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/resolv"
)

// Shown is what callers see of IPv6.
type Shown struct {
	State   string // of DHCPv6; empty: it was not asked
	Addrs   []leaseapi.Address6
	Gateway netip.Addr
	Names   []resolv.Names // DHCPv6's, then the routers'
}

// Show returns what there is now; nil: there is no IPv6. What it points to does not
// change any more.
func (d *Driver) Show() *Shown {
	if !d.on() {
		return nil
	}
	s := &Shown{Addrs: d.addrs(), Gateway: d.seen.Gateway, Names: d.names()}
	if d.level > none {
		s.State = d.machine.State().String()
	}
	return s
}

// InUse reports whether an address can be used.
func (d *Driver) InUse() bool { return d.on() && len(d.addrs()) > 0 }

func (d *Driver) names() []resolv.Names {
	l, _ := d.machine.Lease()
	return []resolv.Names{{Servers: l.DNS, Search: l.Search}, d.said}
}

// addrs are the addresses that can be used: DHCPv6's first, since the server's records
// and names are about them, and deprecated ones last.
func (d *Driver) addrs() (all []leaseapi.Address6) {
	for _, a := range d.seen.Addrs {
		source := leaseapi.SourceDHCP
		switch {
		case !a.Usable || a.Failed:
			continue
		case brought(d.bound, a.Prefix.Addr()):
		case a.Autoconf:
			source = leaseapi.SourceSLAAC
		default:
			continue // the container's own doing
		}
		all = append(all, leaseapi.Address6{Address: a.Prefix, Source: source, Deprecated: a.Preferred == 0})
	}
	slices.SortStableFunc(all, func(a, b leaseapi.Address6) int { return rank(a) - rank(b) })
	return all
}

func rank(a leaseapi.Address6) (r int) {
	if a.Source != leaseapi.SourceDHCP {
		r++
	}
	if a.Deprecated {
		r += 2
	}
	return r
}

// Record fills in IPv6's part of a record.
func (d *Driver) Record(r *record.Record) {
	if d == nil {
		return
	}
	l, inUse := d.machine.Lease()
	if !inUse {
		l = d.Known(0).Lease
	}
	r.IPv6 = &record.IPv6{Lease: l, Bound: d.bound, Routers: d.said, Flood: d.flood, Deaf: d.deaf}
}

// brought reports whether addr is DHCPv6's.
func brought(s *binding.Spec6, addr netip.Addr) bool {
	return s != nil && slices.ContainsFunc(s.Addrs, func(l binding.Lifetime) bool { return l.Addr == addr })
}

// emitChanges tells what the kernel has made of the routers' advertisements.
func (d *Driver) emitChanges(was, is binding.State6) {
	o := d.cfg.Owner
	for _, a := range is.Addrs {
		old, had := find(was, a)
		switch {
		case !a.Autoconf || !a.Usable:
		case !had || !old.Usable:
			o.Emit(event.Bound6{Addr: a.Prefix.Addr(), Source: leaseapi.SourceSLAAC})
		case a.Preferred == 0 && old.Preferred > 0:
			o.Emit(event.Deprecated6{Addr: a.Prefix.Addr()})
		}
	}
	for _, a := range was.Addrs {
		if _, has := find(is, a); a.Autoconf && !has {
			o.Emit(event.Gone6{Addr: a.Prefix.Addr()})
		}
	}
	if is.Gateway != was.Gateway && was.Gateway.IsValid() {
		o.Emit(event.Changed{What: "IPv6 gateway", Was: was.Gateway, Is: is.Gateway})
	}
}

func find(s binding.State6, addr binding.Addr6) (binding.Addr6, bool) {
	for _, a := range s.Addrs {
		if a.Prefix == addr.Prefix {
			return a, true
		}
	}
	return binding.Addr6{}, false
}

// same reports whether nothing that anyone is shown has changed.
func same(a, b binding.State6) bool {
	return a.Gateway == b.Gateway && slices.EqualFunc(a.Addrs, b.Addrs, func(x, y binding.Addr6) bool {
		return x.Prefix == y.Prefix && x.Usable == y.Usable && x.Failed == y.Failed && (x.Preferred == 0) == (y.Preferred == 0)
	})
}
