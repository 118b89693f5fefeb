// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"context"
	"fmt"
	"time"

	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// Hold takes the addresses out of use; k is the lease that is kept. A lease that the
// machine never came to asking for is given to it, so that it can be released.
func (d *Driver) Hold(k Kept) {
	if !d.begun && k.Lease.Addr.IsValid() {
		d.setMachine(lease4.Restore(d.machineConfig(), k.Lease))
	}
	d.begun = true
	d.Close()
	d.unbind()
}

// Unbind takes the addresses out of use: another container has the lease from now on.
func (d *Driver) Unbind(string) { d.unbind() }

// Release ends the lease, with a RELEASE if there is one.
func (d *Driver) Release() { d.step(lease4.ReleaseRequested{}) }

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

// sendRelease sends a RELEASE as a frame to where the ACK came from: ARP for the server
// would take longer than the address lives.
func (d *Driver) sendRelease(payload []byte, a lease4.Send) {
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
		// Servers do not answer a RELEASE, so that one for which a server has no room is
		// lost when hundreds of containers end: Kea has room for 64 messages.
		o.Wait(func(context.Context) { time.Sleep(o.LAN().ReleasePause()) })
		err = conn.SendTo(payload, a.Client, a.To, d.serverMAC)
	}
	if err != nil {
		d.emit(event.Unreleased{Addr: a.Client, Err: err})
	}
}
