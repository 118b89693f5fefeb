// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"errors"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/request"
)

// A program in the container may take away what IPv6 has brought, or take the link down for a
// time. leased puts back what it finds missing, and does not fight: not more often than that.
const putBackRest = 10 * time.Second

// LookSoon makes a look due: IPv4 was renewed, and the netns is open.
func (d *Driver) LookSoon() {
	if d.on() && !d.cfg.Owner.Starting() {
		d.lookAt = min(d.lookAt, max(d.lookFrom, d.cfg.Owner.Now()))
	}
}

// lives reports whether IPv6 has worked in this container. Then it ends with the container, and
// not when something is missing for a time.
func (d *Driver) lives() bool { return d.worked && !d.cfg.Owner.Starting() }

// waits reports whether nothing can be sent for want of a link-local address, so that no
// timer of the machine need fire.
func (d *Driver) waits() bool { return d.worked && d.lackedAt != clock.Never }

// revive has the kernel form the link-local address that is missing, and looks again: at once,
// and then ever more rarely, up to once a minute. since is since when it was missing before; why
// says that it is missing for long. Where IPv6 was switched off, revive ends it. It reports
// whether IPv6 goes on.
func (d *Driver) revive(since clock.Instant, why string) bool {
	o := d.cfg.Owner
	now, first := o.Now(), since == clock.Never
	err := d.cfg.Kernel.MakeLinkLocal(o.Place(), d.settings())
	switch {
	case kernel.IsGone(err):
		o.Lost(err)
		return false
	case errors.Is(err, binding.ErrNoIPv6) && why != "":
		d.fail(why)
		return false
	case err == nil && first:
		o.Emit(event.TakenAway{What: "link-local address"})
	case why != "" && !d.told:
		d.told = true
		o.Emit(event.Failed{What: "use IPv6", Err: errors.New(why)})
	}
	next := min(max(now.Sub(d.lackedAt), settling), time.Minute)
	if first {
		next = firstLook
	}
	d.lookAt = max(d.lookFrom, now.Add(next))
	return true
}

// putBack restores what the container has removed: addresses of DHCPv6, and by a solicitation
// what routers bring.
func (d *Driver) putBack(was binding.State6) {
	o := d.cfg.Owner
	now := o.Now()
	d.unrouted = !d.seen.Gateway.IsValid() && (d.unrouted || was.Gateway.IsValid())
	if !d.lives() || now < d.putBackFrom || !d.seen.LinkLocal.IsValid() {
		return
	}
	l, _ := d.machine.Lease()
	missing := slices.DeleteFunc(slices.Clone(l.Addrs), func(a lease6.Addr) bool { return d.isThere(a, now) })
	s := d.sense()
	routers := !d.deaf && (d.unrouted || s.said.Autonomous && s.mode != request.IPv6DHCP && !s.hasAutoconf())
	if len(missing) == 0 && !routers {
		return
	}
	d.putBackFrom = now.Add(putBackRest)
	for _, a := range missing {
		d.unsure = append(d.unsure, a.Addr)
		o.Emit(event.TakenAway{What: "IPv6 address", Addr: a.Addr})
	}
	if len(missing) > 0 {
		d.bind(l)
	}
	if routers {
		d.unrouted = false // once: the router may be gone
		d.solicitAt = now
		d.solicit()
	}
}

// isThere reports whether the kernel has an address of the lease, will have ended it in a
// moment, or was not told of it.
func (d *Driver) isThere(a lease6.Addr, now clock.Instant) bool {
	return a.Valid < now.Add(2*time.Second) || !brought(d.bound, a.Addr) ||
		slices.ContainsFunc(d.seen.Addrs, func(seen binding.Addr6) bool { return seen.Prefix.Addr() == a.Addr })
}
