// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"slices"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/resolv"
)

// Shown is what callers see of IPv4.
type Shown struct {
	State string        // RFC 2131 figure 5, or PROBING
	Lease *lease4.Lease // in use; nil: none
	Bound *binding.Spec // in the kernel; nil: nothing
}

// Show returns what there is now. What it points to does not change any more.
func (d *Driver) Show() Shown {
	return Shown{State: d.machine.State().String(), Lease: d.machine.InUse(), Bound: d.bound}
}

// Asking reports whether a server made an offer that it has not confirmed yet.
func (d *Driver) Asking() bool { return d.machine.State() == lease4.Requesting }

// InUse is the lease in use; without Addr: none.
func (d *Driver) InUse() (l lease4.Lease) {
	l, _ = d.machine.Lease()
	return l
}

// Names is what a lease says of DNS; nil: nothing.
func Names(l *lease4.Lease) (n resolv.Names) {
	if l != nil {
		n = resolv.Names{Servers: slices.Clip(l.DNS), Search: slices.Clip(search(*l))}
	}
	return n
}

// search is the search list, or else the domain (RFC 3397 §4 leaves the choice to us;
// in resolv.conf(5) search overrides domain).
func search(l lease4.Lease) []string {
	if len(l.Search) == 0 && l.Domain != "" {
		return []string{l.Domain}
	}
	return l.Search
}

// Record fills in IPv4's part of a record. The record is about l; without Addr: there is
// no lease yet.
func (d *Driver) Record(r *record.Record, l lease4.Lease) {
	r.ServerMAC, r.Waiting, r.Lease = d.serverMAC, !l.Addr.IsValid(), l
	if d.bound != nil {
		r.Bound = *d.bound
	}
}

// emitChanges tells what a new lease has changed, an event for each.
func (d *Driver) emitChanges(was, is lease4.Lease) {
	if !was.Addr.IsValid() {
		return // event.Bound tells it
	}
	for _, c := range []struct {
		what    string
		same    bool
		was, is any
	}{
		{"address", was.Addr == is.Addr, was.Addr, is.Addr},
		{"server", was.Server == is.Server, was.Server, is.Server},
		{"lease time", duration(was) == duration(is), duration(was), duration(is)},
		{"routes", slices.Equal(was.Routes, is.Routes), was.Routes, is.Routes},
		{"mtu", was.MTU == is.MTU, was.MTU, is.MTU},
		{"dns", slices.Equal(was.DNS, is.DNS), was.DNS, is.DNS},
		{"search", slices.Equal(search(was), search(is)), search(was), search(is)},
	} {
		if !c.same {
			d.emit(event.Changed{What: c.what, Was: c.was, Is: c.is})
		}
	}
}

func duration(l lease4.Lease) string {
	if l.Expiry == clock.Never {
		return "infinite"
	}
	return l.Expiry.Sub(l.Start).String()
}
