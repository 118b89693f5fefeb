// SPDX-License-Identifier: Apache-2.0

package record

import (
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// domain is the record that d says; d.check has passed.
func (d disk) domain(req request.Request) Record {
	req.Policy.Guard, req.Link.Made = d.Guard, d.Made.made()
	return Record{
		BootID: d.BootID, Request: req, Cookie: d.Cookie, Number: d.Number, Inode: d.Inode,
		ServerMAC: d.ServerMAC, Waiting: d.Waiting, Making: d.Making, Held: d.Held, Until: d.Until,
		Lease: d.Lease.lease(), Bound: d.Bound.spec(), IPv6: d.IPv6.ipv6(), Resolves: (*resolv.Names)(d.Resolves),
		File: (*resolv.File)(d.File),
	}
}

func (d *diskMade) made() request.Made {
	if d == nil {
		return request.Made{}
	}
	kind, _ := request.ParseKind(d.Kind)
	shim, _ := request.ParseShim(d.Shim)
	return request.Made{Kind: kind, Isolate: d.Isolate, Shim: shim, MTU: d.MTU}
}

func (d diskLease) lease() lease4.Lease {
	return lease4.Lease{
		Addr: d.Addr, Server: d.Server, Start: d.Start, T1: d.T1, T2: d.T2, Expiry: d.Expiry,
		Routes: each(d.Routes, func(r diskRoute) dhcp4.Route { return dhcp4.Route(r) }),
		DNS:    d.DNS, Domain: d.Domain, Search: d.Search, MTU: d.MTU,
	}
}

func (d diskSpec) spec() binding.Spec {
	return binding.Spec{
		Ifindex: d.Ifindex, Addr: d.Addr, Valid: d.Valid,
		Routes: each(d.Routes, func(r diskRoute) binding.Route { return binding.Route(r) }),
		Metric: d.Metric, MTU: d.MTU, Sources: d.Sources.sources(),
	}
}

func (d *diskSources) sources() *binding.Sources {
	if d == nil {
		return nil
	}
	return &binding.Sources{Others: each(d.Others, func(o diskOther) binding.Other { return binding.Other(o) })}
}

func (d *diskIPv6) ipv6() *IPv6 {
	if d == nil {
		return nil
	}
	v := &IPv6{Lease: d.Lease.lease(), Routers: resolv.Names(d.Routers), Flood: Flood(d.Flood), Deaf: d.Deaf}
	if b := d.Bound; b != nil {
		v.Bound = &binding.Spec6{
			Ifindex: b.Ifindex,
			Addrs:   each(b.Addrs, func(l diskLifetime) binding.Lifetime { return binding.Lifetime(l) }),
		}
	}
	return v
}

func (d diskLease6) lease() lease6.Lease {
	return lease6.Lease{
		Addrs:  each(d.Addrs, func(a diskAddr6) lease6.Addr { return lease6.Addr(a) }),
		Server: d.Server, Start: d.Start, T1: d.T1, T2: d.T2, DNS: d.DNS, Search: d.Search,
	}
}
