// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
)

// bind applies what DHCPv6 has brought, and makes a look due. The addresses may be used
// while DAD is under way (RFC 4429 §3.1 has DHCPv6's among those that may); the look
// sees how DAD ends. IPv4's twin answers the start itself: a start that waits for IPv6
// is answered after the look, which finds the addresses usable.
func (d *Driver) bind(l lease6.Lease) {
	o := d.cfg.Owner
	spec := d.spec(l)
	if len(spec.Addrs) > 0 || d.bound != nil {
		if err := d.cfg.Kernel.Apply6(o.Place(), spec, d.bound); err != nil {
			d.applyFailed(spec, err)
			return
		}
	}
	for _, a := range spec.Addrs {
		if !brought(d.bound, a.Addr) {
			d.unsure = append(d.unsure, a.Addr)
			o.Emit(event.Bound6{Addr: a.Addr, Source: leaseapi.SourceDHCP})
		}
	}
	d.bound, d.again, d.failures = &spec, clock.Never, 0
	d.lookAt, d.rebound = o.Now(), true
	if !o.Starting() {
		o.Publish()
	}
}

// spec is the binding that a lease asks for.
func (d *Driver) spec(l lease6.Lease) binding.Spec6 {
	now := d.cfg.Owner.Now()
	spec := binding.Spec6{Ifindex: d.cfg.Owner.Place().Index}
	left := func(t clock.Instant) time.Duration {
		if t == clock.Never {
			return binding.Forever
		}
		return max(t.Sub(now), 0)
	}
	for _, a := range l.Addrs {
		spec.Addrs = append(spec.Addrs, binding.Lifetime{Addr: a.Addr, Preferred: left(a.Preferred), Valid: left(a.Valid)})
	}
	return spec
}

// applyFailed has the lease tried again, also for a start: IPv4's twin ends a start,
// which cannot do without IPv4, but may do without DHCPv6.
func (d *Driver) applyFailed(spec binding.Spec6, err error) {
	o := d.cfg.Owner
	if kernel.IsGone(err) {
		o.Lost(err)
		return
	}
	o.Emit(event.Broken{What: "apply the IPv6 lease", Err: err})
	if d.bound == nil {
		failures := d.failures
		d.bound = &spec
		d.remove() // a part may be there
		d.failures = failures
	}
	d.again = o.Now().Add(time.Second << min(d.failures, 6)) // 1, 2, 4 … 64 s
	d.failures++
}

// retry tries again to apply the lease that there is.
func (d *Driver) retry() {
	d.again = clock.Never
	if l, ok := d.machine.Lease(); ok {
		d.bind(l)
	}
}

// Unbind takes the addresses out of use.
func (d *Driver) Unbind(why string) {
	if d.bound != nil && len(d.bound.Addrs) > 0 {
		d.cfg.Owner.Emit(event.Unbound{Family: event.IPv6, Reason: why})
	}
	d.remove()
}

// remove takes DHCPv6's addresses away. What the kernel has made itself goes with the
// link, or with the router that it is from.
func (d *Driver) remove() {
	bound := d.bound
	d.bound, d.unsure, d.again, d.failures = nil, nil, clock.Never, 0
	if bound == nil || len(bound.Addrs) == 0 {
		return
	}
	err := d.cfg.Kernel.Remove6(d.cfg.Owner.Place(), *bound)
	if err != nil && !kernel.IsGone(err) { // then there is nothing to remove
		d.cfg.Owner.Emit(event.Broken{What: "remove the IPv6 binding", Err: err})
	}
}
