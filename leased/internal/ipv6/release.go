// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"context"
	"errors"
	"fmt"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
)

// A RELEASE is sent three times at most: a container or its stand-in does not live for
// RFC 8415 §7.6's REL_TIMEOUT, and §18.2.7 lets a client end the exchange early.
const (
	releaseTries = 3
	releaseWait  = 100 * time.Millisecond // and twice as long for each next
)

// Hold takes the addresses out of use; k is the lease that is kept. A lease that the
// machine never came to asking for is given to it, so that it can be released.
func (d *Driver) Hold(k Kept) {
	d.Close()
	d.cfg.Owner.LAN().Unsubscribe()
	d.remove()
	d.seen = binding.State6{LinkLocal: d.seen.LinkLocal} // to release from
	d.rest()
	d.adopt(k.Lease)
}

// adopt gives the machine a lease that it has not asked for yet, so that it can be
// released.
func (d *Driver) adopt(l lease6.Lease) {
	if d.level == none && len(l.Addrs) > 0 {
		d.machine, d.level = lease6.Restore(d.machineConfig(), l), stateful
	}
}

// Release ends the lease, with a RELEASE if there is one.
func (d *Driver) Release() {
	if d.on() {
		d.adopt(d.Known(d.cfg.Owner.Now()).Lease)
		if d.level > none {
			d.step(lease6.ReleaseRequested{})
		}
	}
	d.cfg.Owner.Settled()
}

// openForRelease opens a socket on the container's own link, or on a stand-in when
// that link is gone. The socket is nil where a new container is the same client.
func (d *Driver) openForRelease() (conn kernel.DHCP6Conn, err error) {
	o := d.cfg.Owner
	conn, err = d.openOwn()
	switch {
	case !kernel.IsGone(err):
		return conn, err
	case o.LAN().HasSuccessor():
		return nil, nil
	}
	o.StandIn(func() { conn, err = d.cfg.Kernel.StandIn6(d.cfg.Request.Link) })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", kernel.ErrNoStandIn, err)
	}
	return conn, nil
}

// openOwn opens a socket on the container's own link. After a restart of leased, nothing
// may have looked for its link-local address yet.
func (d *Driver) openOwn() (kernel.DHCP6Conn, error) {
	from, at := d.seen.LinkLocal, d.cfg.Owner.Place()
	if !from.IsValid() {
		seen, err := d.cfg.Kernel.Look6(at)
		if err != nil {
			return nil, err
		}
		from = seen.LinkLocal
	}
	return d.cfg.Kernel.DHCP6(at, from)
}

// sendRelease sends a RELEASE until a server confirms it. It needs no pause as IPv4's
// does: the next one waits for that answer.
func (d *Driver) sendRelease(payload []byte, xid uint32) {
	o := d.cfg.Owner
	conn, err := d.openForRelease()
	if err == nil && conn == nil {
		return // event.HandedOver is IPv4's
	}
	if err == nil {
		defer conn.Close()
		err = conn.SetXID(xid)
	}
	for try := 0; err == nil && try < releaseTries; try++ {
		if try > 0 && o.LAN().HasSuccessor() {
			return
		}
		if err = conn.Send(payload); err == nil && d.confirmed(conn, releaseWait<<try) {
			return
		}
	}
	if err == nil {
		err = errors.New("no server has confirmed it")
	}
	o.Emit(event.Unreleased6{Err: err})
}

// confirmed waits for a REPLY; its content does not matter.
func (d *Driver) confirmed(conn kernel.DHCP6Conn, wait time.Duration) (ok bool) {
	d.cfg.Owner.Wait(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		payload, _, err := conn.Receive(ctx)
		if err == nil {
			_, err = dhcp6.Parse(payload, d.identity())
		}
		ok = err == nil
	})
	return ok
}
