// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
)

// bind applies a lease, and then tells everyone of it. The record is written before the
// answer goes out. held is the lease before it, or none.
func (d *Driver) bind(l, held lease4.Lease) {
	o := d.cfg.Owner
	all := d.others()
	others := d.foreign(l, all)
	spec, left := d.trim(d.spec(l), others)
	spec.Sources = sources(all)
	failpoint.At(failpoint.AckBeforeWrite)
	applied, err := d.apply(spec)
	if err != nil {
		d.applyFailed(spec, err)
		return
	}
	bound := applied.Spec
	o.LAN().ShareBound(&bound.Routes)
	first := d.bound == nil || d.bound.Addr != bound.Addr
	d.emitTrimmed(left, first || !slices.Equal(d.bound.Routes, bound.Routes), d.spec(held), others)
	d.bound, d.again, d.failures = &bound, clock.Never, 0
	o.Trouble("")
	o.LAN().SetAddr(l.Addr.Addr())
	for _, p := range applied.Problems {
		d.emit(event.Failed{What: "apply a part of the lease", Err: p})
	}
	starting := o.Starting()
	if !starting {
		d.allow(l.Addr.Addr())
	}
	if o.Publish(); starting { // the container does not run before its start is answered
		d.allow(l.Addr.Addr())
	}
	if first {
		d.emit(event.Bound{Addr: l.Addr, Server: l.Server})
	}
	o.Remember()
	o.Renewed()
}

// apply brings the kernel to spec. The lease of the host's shim is used by another link than this one.
func (d *Driver) apply(spec binding.Spec) (binding.Applied, error) {
	if d.cfg.Request.Policy.Shim {
		return binding.Applied{Spec: spec}, nil
	}
	return d.cfg.Kernel.Apply4(d.cfg.Owner.Place(), spec, d.bound)
}

// allow lets the container use the address where a guard stands on one of its ports.
func (d *Driver) allow(addr netip.Addr) {
	if err := d.cfg.Kernel.Allow4(d.cfg.Owner.Place().Use(d.cfg.Request.Port(), addr)); err != nil {
		d.emit(event.Broken{What: "tell the guard of the port its address", Err: err})
	}
}

// spec is the binding that a lease asks for under the attachment's policy.
func (d *Driver) spec(l lease4.Lease) binding.Spec {
	r := d.cfg.Request
	s := binding.Spec{
		Ifindex: d.cfg.Owner.Place().Index, Addr: l.Addr, Valid: binding.Forever, Metric: r.Policy.Metric,
		MTU: d.mtu(l),
	}
	if l.Expiry != clock.Never {
		s.Valid = l.Expiry.Sub(d.cfg.Owner.Now())
	}
	for _, route := range l.Routes {
		if r.Policy.NoRoutes {
			break
		}
		if route.Dst.Bits() > 0 || !r.Policy.NoDefaultRoute {
			s.Routes = append(s.Routes, binding.Route{Dst: route.Dst, Via: route.Via})
		}
	}
	return s
}

// leastMTU6 is the least MTU of a link with IPv6 (RFC 8200 §5). Below it the kernel takes IPv6
// off the interface.
const leastMTU6 = 1280

// mtu is the MTU that the lease sets; 0 where server or host have no say. A server's value below
// IPv6's least is that, as systemd-networkd has it: IPv4 works with it too.
func (d *Driver) mtu(l lease4.Lease) int {
	most := d.cfg.Request.Link.MTU
	if l.MTU > 0 && l.MTU < leastMTU6 && d.cfg.Request.Policy.IPv6 != request.IPv6Off {
		return min(leastMTU6, most)
	}
	return min(l.MTU, most)
}

// applyFailed ends a start. A lease of a running container is tried again.
func (d *Driver) applyFailed(s binding.Spec, err error) {
	o := d.cfg.Owner
	if kernel.IsGone(err) {
		d.lost(err)
		return
	}
	d.emit(event.Broken{What: "apply the lease", Err: err})
	if d.bound == nil {
		d.remove(s) // a part may be there
	} // else the binding of before is still there
	switch {
	case o.Ending():
	case o.Starting():
		d.emitState()
		o.GiveUp("the lease could not be applied", &leaseapi.Error{
			Name: leaseapi.ErrorFailed, Message: fmt.Sprintf("apply the lease to %s: %v", d.cfg.Request.Attachment.Interface, err),
		})
	default:
		d.again = o.Now().Add(time.Second << min(d.failures, 6)) // 1, 2, 4 … 64 s
		d.failures++
	}
}

// retry tries again to apply the lease that there is.
func (d *Driver) retry() {
	d.again = clock.Never
	if l, ok := d.machine.Lease(); ok && l.Expiry > d.cfg.Owner.Now() {
		d.bind(l, l)
	}
}

func (d *Driver) unbind() {
	d.again, d.failures = clock.Never, 0
	if d.bound == nil {
		return
	}
	bound := *d.bound
	d.bound = nil
	d.cfg.Owner.LAN().SetAddr(netip.Addr{})
	d.remove(bound)
	failpoint.At(failpoint.MidTeardown)
}

// remove may find that the container is gone, and the addresses with it.
func (d *Driver) remove(s binding.Spec) {
	err := d.cfg.Kernel.Remove4(d.cfg.Owner.Place(), s)
	switch {
	case kernel.IsGone(err):
		d.lost(err)
	case err != nil:
		d.emit(event.Broken{What: "remove the binding", Err: err})
	}
}
