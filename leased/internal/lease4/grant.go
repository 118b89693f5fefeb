// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// unfit returns why the address of an OFFER or ACK cannot be used; "" if it can.
func (m *Machine) unfit(r dhcp4.Reply) string {
	switch {
	case !dhcp4.Unicast(r.Your):
		return "address is no host's"
	case !dhcp4.Unicast(r.Server):
		return "no usable server identifier"
	case r.Server == r.Your:
		return "address is the server's own"
	case r.Mask == dhcp4.BadMask:
		return "subnet mask is not contiguous"
	case r.Mask != dhcp4.NoMask && edge(prefix(r)): // the mask of the class is but a guess
		return "address is the subnet's own or its broadcast address"
	case m.cfg.Require && m.cfg.Requested.IsValid() && r.Your != m.cfg.Requested:
		return fmt.Sprintf("address is not %s, which is required", m.cfg.Requested)
	}
	return ""
}

// prefix returns the address with its mask, or with that of the lease which it renews.
func (m *Machine) prefix(r dhcp4.Reply) netip.Prefix {
	if m.uses(r.Your) && r.Mask == dhcp4.NoMask {
		return m.lease.Addr
	}
	return prefix(r)
}

// prefix returns the address with its mask. Without a mask it uses that of the address
// class (RFC 1122 §3.3.1.1 offers nothing better), as systemd and dhcpcd do.
func prefix(r dhcp4.Reply) netip.Prefix {
	if r.Mask == dhcp4.NoMask {
		return netip.PrefixFrom(r.Your, dhcp4.ClassBits(r.Your))
	}
	return netip.PrefixFrom(r.Your, r.Mask)
}

// edge reports whether p's address is the first or the last of its subnet, which
// no host may have, except in a /31 (RFC 3021) and a /32.
func edge(p netip.Prefix) bool {
	if p.Bits() >= 31 {
		return false
	}
	a := p.Addr().As4()
	host := binary.BigEndian.Uint32(a[:]) << p.Bits()
	return host == 0 || host == ^uint32(0)<<p.Bits()
}

// grant builds the lease that an ACK gives, with its times counted from the first
// REQUEST of the transaction. All REQUESTs of a transaction have one xid, so we cannot
// know which one the server answered. Counting from the first can never make a lease too
// long.
func (m *Machine) grant(r dhcp4.Reply) Lease {
	addr := m.prefix(r)
	l := Lease{
		Addr: addr, Server: r.Server, Start: m.sent, T1: clock.Never, T2: clock.Never, Expiry: clock.Never,
		Routes: elsewhere(r.Routes, addr), DNS: r.DNS, Domain: r.Domain, Search: r.Search, MTU: r.MTU,
	}
	m.complete(&l, r)
	if r.LeaseTime == dhcp4.Infinite {
		return l // whatever T1 and T2 say
	}
	life := lifetime(r)
	t1, t2 := renewal(r, life)
	if !m.bound && (r.HasT1 && t1 != dhcp4.Seconds(r.T1) || r.HasT2 && t2 != dhcp4.Seconds(r.T2)) {
		m.report("renewal times make no sense", fmt.Sprintf("T1 %ds, T2 %ds, lease %ds; using %s, %s",
			r.T1, r.T2, r.LeaseTime, t1, t2)) // once, not at each renewal
	}
	l.T1, l.T2, l.Expiry = l.Start.Add(t1), l.Start.Add(t2), l.Start.Add(life)
	m.putOff(&l)
	return l
}

const (
	// unsaid is the life of a lease whose server does not say it, against a MUST of table 3. BusyBox
	// takes as much.
	unsaid = time.Hour
	// least is the life of a lease of 0 s, as in BusyBox: it is asked for again before another
	// client can have the address for long. Most clients take such a lease.
	least = 16 * time.Second
)

// lifetime returns the life of a finite lease.
func lifetime(r dhcp4.Reply) time.Duration {
	switch {
	case !r.HasLeaseTime:
		return unsaid
	case r.LeaseTime == 0:
		return least
	}
	return dhcp4.Seconds(r.LeaseTime)
}

// complete adds to the renewal of a lease what a server has left out of the ACK: some
// (MikroTik) repeat only the times, where the container would lose subnet, routes and DNS.
func (m *Machine) complete(l *Lease, r dhcp4.Reply) {
	if m.uses(r.Your) && r.Mask == dhcp4.NoMask && len(r.Routes)+len(r.DNS) == 0 {
		l.Routes, l.DNS, l.Domain, l.Search, l.MTU = m.lease.Routes, m.lease.DNS, m.lease.Domain, m.lease.Search, max(l.MTU, m.lease.MTU)
	}
}

// putOff puts T1 off where the server has us renew all the time.
func (m *Machine) putOff(l *Lease) {
	life, asked := l.Expiry.Sub(l.Start), l.T1
	at, tell := m.renewals.T1(m.lease.Start, l.Start, asked, l.Start.Add(life/2))
	if tell {
		m.report("server wants renewals too often", fmt.Sprintf("T1 %s; using %s", asked.Sub(l.Start), at.Sub(l.Start)))
	}
	if l.T1 = at; at > asked && at >= l.T2 {
		l.T2 = l.Start.Add(life / 8 * 7)
	}
}

// elsewhere returns the routes of a lease but those whose router is ourselves: they lead nowhere,
// or, on a /32, to the link.
func elsewhere(all []dhcp4.Route, addr netip.Prefix) (routes []dhcp4.Route) {
	self := func(r dhcp4.Route) bool { return r.Via == addr.Addr() }
	if !slices.ContainsFunc(all, self) {
		return all // which may be shared with other leases
	}
	for _, r := range all {
		switch {
		case !self(r):
			routes = append(routes, r)
		case addr.IsSingleIP(): // the whole world is on the link
			routes = append(routes, dhcp4.Route{Dst: r.Dst})
		}
	}
	return routes
}

// renewal returns T1 and T2 of a finite lease, 0 < T1 < T2 < life. It takes the server's
// values if they satisfy this, else RFC 2131 §4.4.5's ½ and ⅞ (as systemd does). It adds
// no random fuzz, which §4.4.5 recommends against clients in step: our leases begin when
// their REQUESTs were sent, one after the other.
func renewal(r dhcp4.Reply, life time.Duration) (t1, t2 time.Duration) {
	t1, t2 = dhcp4.Seconds(r.T1), dhcp4.Seconds(r.T2) // 0 where absent
	if t2 == 0 || t2 >= life {
		t2 = life / 8 * 7
	}
	if t1 == 0 || t1 >= t2 {
		t1 = life / 2
	}
	if t1 >= t2 {
		t2 = life / 8 * 7
	}
	return t1, t2
}
