// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// Hold takes the addresses out of use; k is the lease that is kept. A lease that the
// machine never came to asking for is given to it, so that it can be released.
func (d *Driver) Hold(k Kept) {
	d.adopt(k.Lease)
	d.Close()
	d.unbind()
}

func (d *Driver) adopt(l lease4.Lease) {
	if !d.begun && l.Addr.IsValid() {
		d.setMachine(lease4.Restore(d.machineConfig(), l))
	}
	d.begun = true
}

// Unbind takes the addresses out of use: another container has the lease from now on.
func (d *Driver) Unbind(string) { d.unbind() }

// Release ends the lease, with a RELEASE if there is one.
func (d *Driver) Release() {
	d.adopt(d.Known(d.cfg.Owner.Now()).Lease)
	d.step(lease4.ReleaseRequested{})
}

// OpenRelease opens the socket for a RELEASE ahead of it. It fails with
// kernel.ErrNoStandIn where the container is gone and no link can take its place yet.
func (d *Driver) OpenRelease() (err error) {
	d.releaseConn, err = d.openForRelease()
	return err
}

// CloseRelease closes the socket of OpenRelease: there was nothing to release after all.
func (d *Driver) CloseRelease() {
	if conn := d.releaseConn; conn != nil {
		d.releaseConn = nil
		conn.Close()
	}
}

// openForRelease opens a socket on the container's own link, or on a stand-in when
// that link is gone. The socket is nil where a new container is the same client.
func (d *Driver) openForRelease() (conn kernel.PacketConn, err error) {
	o := d.cfg.Owner
	conn, err = d.cfg.Kernel.Packet(o.Place())
	switch {
	case !kernel.IsGone(err):
		return conn, err
	case o.LAN().HasSuccessor():
		return nil, nil
	}
	o.StandIn(func() { conn, err = d.cfg.Kernel.StandIn4(d.cfg.Request.Link) })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", kernel.ErrNoStandIn, err)
	}
	return conn, nil
}

// sendRelease sends a RELEASE as a frame: the IP stack would lose it where the container, and
// its address, are gone.
func (d *Driver) sendRelease(payload []byte, a lease4.Send, held lease4.Lease) {
	o := d.cfg.Owner
	conn, err := d.releaseConn, error(nil)
	d.releaseConn = nil
	if conn == nil {
		conn, err = d.openForRelease()
	}
	if err == nil && conn == nil {
		d.emit(event.HandedOver{Addr: a.Client})
		return
	}
	if err == nil {
		defer conn.Close()
		var macs []net.HardwareAddr
		// Servers do not answer a RELEASE, so that one for which a server has no room is
		// lost when hundreds of containers end: Kea has room for 64 messages.
		o.Wait(func(ctx context.Context) {
			time.Sleep(o.LAN().ReleasePause())
			macs = d.resolve(ctx, conn, a.Client, hop(a.To, held))
		})
		for _, mac := range macs {
			err = errors.Join(err, conn.SendTo(payload, a.Client, a.To, mac))
		}
	}
	if err != nil {
		d.emit(event.Unreleased{Addr: a.Client, Err: err})
	}
}

// A host on the LAN answers ARP within a millisecond. One question or answer may be lost.
const (
	resolveTries = 2
	resolveWait  = 100 * time.Millisecond
)

// resolve returns the MACs to send a RELEASE to: the one that the lease came from, and before
// that the one that addr has by now, if it is another one. The router may have been replaced,
// or its standby has taken over.
func (d *Driver) resolve(ctx context.Context, conn kernel.PacketConn, from, addr netip.Addr) []net.HardwareAddr {
	for range resolveTries {
		ctx, cancel := context.WithTimeout(ctx, resolveWait)
		now, err := conn.Resolve(ctx, from, addr)
		cancel()
		switch {
		case err != nil:
		case d.serverMAC == nil || bytes.Equal(now, d.serverMAC):
			return []net.HardwareAddr{now}
		default:
			return []net.HardwareAddr{now, d.serverMAC}
		}
	}
	return []net.HardwareAddr{d.serverMAC} // nil: a broadcast frame
}

// hop is the machine on the LAN that a frame to the server goes to: the server itself, or the
// router of the lease that leads to it.
func hop(server netip.Addr, l lease4.Lease) netip.Addr {
	if !l.Addr.IsValid() || l.Addr.Contains(server) {
		return server
	}
	best, bits := server, -1
	for _, r := range l.Routes {
		if r.Dst.Contains(server) && r.Dst.Bits() > bits {
			bits, best = r.Dst.Bits(), r.Via
		}
	}
	if !best.IsValid() || best.IsUnspecified() { // on the link
		return server
	}
	return best
}
