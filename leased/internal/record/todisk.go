// SPDX-License-Identifier: Apache-2.0

package record

import (
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/request"
)

func toDisk(r Record) disk {
	return disk{
		Version: version, BootID: r.BootID, Request: r.Request.API(), Cookie: r.Cookie, Number: r.Number, Inode: r.Inode,
		ServerMAC: r.ServerMAC, Waiting: r.Waiting, Making: r.Making, Held: r.Held, Guard: r.Request.Policy.Guard, Until: r.Until,
		Lease: toDiskLease(r.Lease), Bound: toDiskSpec(r.Bound), IPv6: toDiskIPv6(r.IPv6), Resolves: (*diskNames)(r.Resolves),
		File: (*diskFile)(r.File), Made: toDiskMade(r.Request.Link),
	}
}

func toDiskMade(l request.Link) *diskMade {
	if !l.IsMade() {
		return nil
	}
	return &diskMade{Kind: l.Made.Kind.String(), Isolate: l.Made.Isolate, Shim: l.Made.Shim.String(), MTU: l.Made.MTU}
}

func toDiskLease(l lease4.Lease) diskLease {
	return diskLease{
		Addr: l.Addr, Server: l.Server, Start: l.Start, T1: l.T1, T2: l.T2, Expiry: l.Expiry,
		Routes: each(l.Routes, func(r dhcp4.Route) diskRoute { return diskRoute(r) }),
		DNS:    l.DNS, Domain: l.Domain, Search: l.Search, MTU: l.MTU,
	}
}

func toDiskSpec(s binding.Spec) diskSpec {
	return diskSpec{
		Ifindex: s.Ifindex, Addr: s.Addr, Valid: s.Valid,
		Routes: each(s.Routes, func(r binding.Route) diskRoute { return diskRoute(r) }),
		Metric: s.Metric, MTU: s.MTU, Sources: toDiskSources(s.Sources),
	}
}

func toDiskSources(s *binding.Sources) *diskSources {
	if s == nil {
		return nil
	}
	return &diskSources{Others: each(s.Others, func(o binding.Other) diskOther { return diskOther(o) })}
}

func toDiskIPv6(v *IPv6) *diskIPv6 {
	if v == nil {
		return nil
	}
	d := &diskIPv6{Lease: toDiskLease6(v.Lease), Routers: diskNames(v.Routers), Flood: diskFlood(v.Flood), Deaf: v.Deaf}
	if b := v.Bound; b != nil {
		d.Bound = &diskSpec6{
			Ifindex: b.Ifindex,
			Addrs:   each(b.Addrs, func(l binding.Lifetime) diskLifetime { return diskLifetime(l) }),
		}
	}
	return d
}

func toDiskLease6(l lease6.Lease) diskLease6 {
	return diskLease6{
		Addrs:  each(l.Addrs, func(a lease6.Addr) diskAddr6 { return diskAddr6(a) }),
		Server: l.Server, Start: l.Start, T1: l.T1, T2: l.T2, DNS: l.DNS, Search: l.Search,
	}
}

// each converts a list; nil stays nil, which JSON tells from an empty list.
func each[T, U any](list []T, convert func(T) U) []U {
	if list == nil {
		return nil
	}
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = convert(v)
	}
	return out
}
