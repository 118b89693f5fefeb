// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"fmt"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/clock"
)

// Ready reports whether no start need wait for IPv6 any more: it is there, it will not
// come, or it takes too long. Where IPv6 is alone, its time is the lease's.
func (d *Driver) Ready() bool {
	switch {
	case d.cfg.Owner.Alone():
		return len(d.addrs()) > 0 && d.settled()
	}
	return d.failed != "" || d.cfg.Owner.Now() >= d.until || d.settled()
}

func (d *Driver) settled() bool { return d.sense().settled(d.routerless) }

// routerless reports whether the LAN has no router. Where the LAN has come up just now, a router
// may be unable to say anything yet: the start waits for its whole time, and asks again.
func (d *Driver) routerless(waited bool) bool {
	o := d.cfg.Owner
	if waited && !d.asked {
		d.asked = true
		if d.justUp = d.cfg.Kernel.JustUp(d.cfg.Request.Link.Host); d.justUp {
			d.solicitAt = o.Now()
		}
	}
	return o.LAN().Routerless(waited && !d.justUp)
}

// nextLook is when the kernel is looked at next; it counts the looks of a start.
func (d *Driver) nextLook() clock.Instant {
	s := d.sense()
	s.awaits = d.cfg.Owner.Starting() && !d.Ready()
	next := s.nextLook()
	if d.flood.Until > s.now {
		next = min(next, d.flood.Until)
	}
	if s.awaits {
		d.looks++
	}
	return next
}

// hopeless ends a start that cannot succeed.
func (d *Driver) hopeless(why string) {
	if d.cfg.Owner.Starting() {
		d.cfg.Owner.GiveUp("no IPv6", &leaseapi.Error{
			Name: leaseapi.ErrorNoLease, Message: fmt.Sprintf("no IPv6 on %s, and ipv6=only: %s", d.cfg.Request.Attachment.Interface, why),
		})
	}
}
