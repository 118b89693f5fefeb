// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"bytes"
	"context"
	"net"
	"net/netip"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/wire"
)

// watch listens for the address that the machine watches in ARP, and closes the socket
// once the machine watches none: the socket holds the netns. A failure costs the
// conflict check and no more.
func (d *Driver) watch() {
	want := d.machine.Watching()
	if want == d.watched {
		return
	}
	if !want.IsValid() {
		d.closeARP()
		return
	}
	if d.arp == nil && !d.openARP() {
		return
	}
	d.watched = want
	if err := d.arp.Watch(want); err != nil {
		d.arpFailed(err)
	}
}

// probe goes out before the socket's filter is set to the address, and the REQUEST follows
// at once: both have a start wait less. The socket keeps the answers until watch.
func (d *Driver) probe(addr netip.Addr) {
	if d.watched.IsValid() {
		d.watch()
	}
	if d.arp != nil || d.openARP() {
		d.sendARP(func(arp kernel.ARPConn) error { return arp.Probe(addr) })
	}
}

func (d *Driver) openARP() bool {
	arp, err := d.cfg.Kernel.ARP(d.cfg.Owner.Place())
	if err != nil {
		d.arpFailed(err)
		return false
	}
	d.arp = arp
	d.cfg.Owner.Spawn(func(ctx context.Context) {
		kernel.Receive(ctx, arp, arp.Receive, func(c wire.Conflict, err error) {
			d.cfg.Owner.Deliver(err != nil, func() { d.conflict(arp, c, err) })
		})
	})
	return true
}

func (d *Driver) closeARP() {
	if d.arp != nil {
		d.arp.Close()
	}
	d.arp, d.watched = nil, netip.Addr{}
}

func (d *Driver) arpFailed(err error) {
	if kernel.IsGone(err) {
		d.lost(err)
		return
	}
	d.emit(event.Failed{What: "check for an address conflict", Err: err})
	d.closeARP()
}

// pendingConflict looks for a conflict that arrived before an ACK and is not in the
// inbox yet: once the lease is bound, its address is in the answer.
func (d *Driver) pendingConflict(t dhcp4.Type) {
	if arp := d.arp; t == dhcp4.Ack && arp != nil {
		if c, ok := arp.Pending(); ok {
			d.conflict(arp, c, nil)
		}
	}
}

func (d *Driver) conflict(arp kernel.ARPConn, c wire.Conflict, err error) {
	switch {
	case d.arp != arp || err == nil && c.Addr != d.watched:
		return // closed meanwhile
	case err != nil:
		d.arpFailed(err)
		return
	case c.Probe && d.InUse().Addr.Addr() == c.Addr:
		return // RFC 5227 §2.1.1 counts probes while we probe; the container's kernel answers this one
	case d.cfg.Owner.LAN().IsOurs(c.Addr, c.MAC):
		return
	}
	proxy := d.isServer(c.MAC) || c.Addr != d.router && d.isGateway(c.MAC)
	d.claimed(c, d.cfg.Owner.LAN().Claimed(c.Addr, c.MAC, proxy), proxy)
}

// isServer reports whether the machine gave the address out, or relays for its server. Many
// routers answer ARP for others. A router that has an address does not give it out.
func (d *Driver) isServer(mac net.HardwareAddr) bool {
	return bytes.Equal(mac, d.heardFrom) || bytes.Equal(mac, d.serverMAC)
}

// claimed takes another machine's claim to our address.
func (d *Driver) claimed(c wire.Conflict, claim lan.Claim, proxy bool) {
	if claim.News {
		d.emit(event.Proxy{MAC: c.MAC, Server: proxy})
	}
	if claim.Proxy {
		if d.discounted != c.Addr {
			d.discounted = c.Addr
			d.emit(event.Discounted{Addr: c.Addr, MAC: c.MAC})
		}
		return
	}
	d.emit(event.Conflict{Addr: c.Addr, MAC: c.MAC})
	d.step(lease4.ConflictFound{Addr: c.Addr, MAC: c.MAC, Decline: claim.Decline, Again: claim.Again})
}

// sendARP sends an ARP probe or an announcement.
func (d *Driver) sendARP(send func(kernel.ARPConn) error) {
	arp := d.arp
	if arp == nil {
		var err error
		if arp, err = d.cfg.Kernel.ARP(d.cfg.Owner.Place()); err != nil {
			d.arpFailed(err)
			return
		}
		defer arp.Close()
	}
	if err := send(arp); err != nil {
		d.arpFailed(err)
	}
}
