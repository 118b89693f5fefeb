// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"context"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
)

// patience is how long a socket stays open after the last message: the socket holds
// the netns, and the next message opens another one.
const patience = 10 * time.Second

// listen has a socket open while an exchange is in flight. A lease at rest has none.
func (d *Driver) listen() {
	if !d.machine.Listening() {
		d.closeConn()
		return
	}
	if d.conn == nil {
		if err := d.open(); err != nil {
			d.retryLater("open a socket", err)
			return
		}
	}
	if xid := d.machine.XID(); d.xid != xid {
		d.xid = xid
		if err := d.conn.SetXID(xid); err != nil {
			d.retryLater("set the filter", err)
		}
	}
}

func (d *Driver) open() error {
	o := d.cfg.Owner
	at, err := o.Enter()
	if err != nil {
		return err
	}
	conn, err := d.cfg.Kernel.DHCP6(at, d.seen.LinkLocal)
	if err != nil {
		return err
	}
	d.conn, d.receiving, d.quiet = conn, false, o.Now().Add(patience)
	return nil
}

// receive starts the receiver of a new socket. It follows the message that the socket was
// opened for: a new goroutine has the runtime wake a thread, and the answer waits in the
// socket's buffer.
func (d *Driver) receive() {
	conn, o := d.conn, d.cfg.Owner
	if conn == nil || d.receiving {
		return
	}
	d.receiving = true
	o.Spawn(func(ctx context.Context) {
		kernel.ReceiveDHCP(ctx, conn, func(m kernel.Message, err error) {
			o.Deliver(err != nil, func() { d.received(conn, m, err) })
		})
	})
}

func (d *Driver) closeConn() {
	if d.conn != nil {
		d.conn.Close()
	}
	d.conn, d.xid, d.quiet = nil, 0, clock.Never
}

// retryLater is for errors that may be over at the next try, which the machine's timer
// makes. The address to send from may be gone: the kernel is looked at before that.
func (d *Driver) retryLater(what string, err error) {
	o := d.cfg.Owner
	if kernel.IsGone(err) {
		o.Lost(err)
		return
	}
	o.Emit(event.Failed{What: "IPv6: " + what, Err: err})
	d.closeConn()
	d.lookAt = min(d.lookAt, o.Now().Add(atRest))
}

func (d *Driver) send(a lease6.Send) {
	payload := d.identity().Marshal(a.Message)
	d.cfg.Owner.Emit(event.Sent{Family: event.IPv6, Type: a.Type, XID: a.XID})
	switch {
	case a.Type == dhcp6.Release:
		d.sendRelease(payload, a.XID)
		return
	case d.conn == nil:
		return // listen has reported why
	}
	if err := d.conn.Send(payload); err != nil {
		d.retryLater("send "+a.Type.String(), err)
		return
	}
	d.quiet = d.cfg.Owner.Now().Add(patience)
}

func (d *Driver) received(conn kernel.DHCP6Conn, m kernel.Message, err error) {
	o := d.cfg.Owner
	switch {
	case d.conn != conn:
		return // closed meanwhile
	case err != nil:
		d.retryLater("receive", err)
		return
	}
	r, err := dhcp6.Parse(m.Payload, d.identity())
	d.answer = m.From.IP
	defer func() { d.answer = netip.Addr{} }()
	if err != nil {
		o.Emit(event.Ignored{Err: err})
		d.trouble(err.Error())
		return
	}
	o.Emit(event.Received{Family: event.IPv6, Type: r.Type, XID: r.XID})
	d.step(lease6.ReplyReceived{Reply: r})
}
