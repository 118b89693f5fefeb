// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/kernel"
)

// gatewayWait is how long a router has to say which MAC it has.
const gatewayWait = 100 * time.Millisecond

// isGateway reports whether the machine is the default router that the servers name. Many
// routers answer ARP for the whole LAN, and the DHCP server may be another machine. It asks on
// the LAN, so it is for claims only, and once for each machine in an exchange.
func (d *Driver) isGateway(mac net.HardwareAddr) (is bool) {
	if !d.router.IsValid() || bytes.Equal(d.questioned, mac) {
		return false
	}
	d.questioned = mac
	arp, err := d.cfg.Kernel.ARP(d.cfg.Owner.Place())
	if err != nil {
		return false
	}
	defer arp.Close()
	if arp.Watch(d.router) != nil || arp.Probe(d.router) != nil {
		return false
	}
	d.cfg.Owner.Wait(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, gatewayWait)
		defer cancel()
		is = answers(ctx, arp, d.router, mac)
	})
	return is
}

// answers reports whether the machine with that MAC says that it has addr, before ctx ends.
func answers(ctx context.Context, arp kernel.ARPConn, addr netip.Addr, mac net.HardwareAddr) bool {
	for {
		c, err := arp.Receive(ctx)
		if err != nil {
			return false
		}
		if c.Addr == addr && !c.Probe {
			return bytes.Equal(c.MAC, mac)
		}
	}
}

// gateway is the router of the default route; invalid: there is none.
func gateway(r dhcp4.Reply) netip.Addr {
	for _, route := range r.Routes {
		if route.Dst.Bits() == 0 {
			return route.Via
		}
	}
	return netip.Addr{}
}
