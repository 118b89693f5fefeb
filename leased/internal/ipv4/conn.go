// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/failpoint"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
)

// patience is how long a socket stays open after the last message: the socket holds
// the netns, and the next message opens another one. A ping check takes servers 3 s.
const patience = 10 * time.Second

// listen makes the socket be what the machine's state asks for. A lease at rest has none.
func (d *Driver) listen() {
	if want := d.machine.Medium(); want != d.medium {
		d.closeConn()
		if want == lease4.MediumNone {
			return
		}
		if err := d.open(want); err != nil {
			d.retryLater("open a socket", err)
			return
		}
	}
	if d.conn != nil && d.xid != d.machine.XID() {
		d.xid = d.machine.XID()
		if err := d.conn.SetXID(d.xid); err != nil {
			d.retryLater("set the filter", err)
		}
	}
}

func (d *Driver) open(want lease4.Medium) error {
	at, err := d.cfg.Owner.Enter()
	if err != nil {
		return err
	}
	conn, err := d.cfg.Kernel.Packet(at)
	if err != nil {
		return err
	}
	if want == lease4.MediumUnicast {
		u, err := d.dial(at)
		if err != nil {
			conn.Close()
			return err
		}
		conn = &renewing{conn, u}
	}
	d.conn, d.medium, d.receiving = conn, want, false
	return nil
}

// dial opens the socket of RENEWING. It needs the address and the routes of the lease: what
// the container has removed of them is put back first, rather than at T2.
func (d *Driver) dial(at kernel.Place) (kernel.Sender, error) {
	l, _ := d.machine.Lease()
	u, err := d.cfg.Kernel.Unicast(at, l.Addr.Addr(), l.Server)
	if !kernel.LacksAddress(err) {
		return u, err
	}
	d.emit(event.TakenAway{What: "address or routes", Addr: l.Addr.Addr()})
	if d.bind(l, l); d.cfg.Owner.Ending() || d.again != clock.Never {
		return nil, err // bind has told why, and tries again
	}
	return d.cfg.Kernel.Unicast(at, l.Addr.Addr(), l.Server)
}

// receive starts the receiver of a new socket. It follows the message that the socket was
// opened for: a new goroutine has the runtime wake a thread, and the answer waits in the
// socket's buffer.
func (d *Driver) receive() {
	conn := d.conn
	if conn == nil || d.receiving {
		return
	}
	d.receiving = true
	d.cfg.Owner.Spawn(func(ctx context.Context) {
		kernel.ReceiveDHCP(ctx, conn, func(m kernel.Message, err error) {
			d.cfg.Owner.Deliver(err != nil, func() { d.received(conn, m, err) })
		})
	})
}

// renewing sends through the kernel's UDP, and listens on a packet socket all the
// same: a server answers by unicast but for a NAK, which it broadcasts (RFC 2131
// §4.3.2), and a UDP socket on the leased address hears no broadcast.
type renewing struct {
	kernel.PacketConn
	unicast kernel.Sender
}

func (r *renewing) Send(payload []byte) error { return r.unicast.Send(payload) }

func (r *renewing) Close() {
	r.PacketConn.Close()
	r.unicast.Close()
}

func (d *Driver) closeConn() {
	if d.conn != nil {
		d.conn.Close()
	}
	d.conn, d.medium, d.xid, d.quiet = nil, lease4.MediumNone, 0, clock.Never
	if !d.watched.IsValid() {
		d.closeARP() // it was opened ahead, for an answer that has not come
	}
}

// retryLater is for errors that may be over at the next try, which the machine's timer makes.
func (d *Driver) retryLater(what string, err error) {
	if kernel.IsGone(err) {
		d.lost(err)
		return
	}
	d.emit(event.Failed{What: what, Err: err})
	d.cfg.Owner.Trouble(fmt.Sprintf("%s: %v", what, err))
	d.closeConn()
}

func (d *Driver) send(a lease4.Send, held lease4.Lease) {
	payload := d.identity().Marshal(a.Message)
	sent := event.Sent{Family: event.IPv4, Type: a.Type, XID: a.XID, Server: a.To}
	var err error
	switch {
	case a.Type == dhcp4.Release:
		d.emit(sent)
		d.sendRelease(payload, a, held)
	case a.Type == dhcp4.Decline && d.conn == nil: // a pause follows it, without a socket
		d.emit(sent)
		err = d.sendOnce(payload)
	case d.conn == nil:
		d.emit(sent)
		return // listen has reported why
	default:
		err = d.conn.Send(payload)
		d.emit(sent) // a start waits for the message and not for its line
		failpoint.At(failpoint.After(a.Type))
		d.quiet = d.cfg.Owner.Now().Add(patience)
	}
	if err != nil {
		d.retryLater("send "+a.Type.String(), err)
	}
}

func (d *Driver) sendOnce(payload []byte) error {
	p, err := d.cfg.Kernel.Packet(d.cfg.Owner.Place())
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Send(payload)
}

func (d *Driver) received(conn kernel.PacketConn, m kernel.Message, err error) {
	switch {
	case d.conn != conn:
		return // closed meanwhile
	case err != nil:
		d.receiveFailed(err)
		return
	}
	r, err := dhcp4.Parse(m.Payload)
	d.answer = m.From.IP
	defer func() { d.answer = netip.Addr{} }()
	switch {
	case err != nil:
		d.emit(event.Ignored{Err: err})
		d.trouble(err.Error())
		return
	case r.MAC.String() != d.cfg.Request.Link.MAC.String():
		d.emit(event.Ignored{})
		return
	case dhcp4.Unicast(r.Server):
		d.answer = r.Server // and not the relay
	}
	if !r.Server.IsValid() { // against a MUST of table 3
		r.Server = m.From.IP
	}
	d.emit(event.Received{Family: event.IPv4, Type: r.Type, XID: r.XID, Addr: r.Your, Server: r.Server})
	if !d.machine.Allows(r.Server) {
		d.step(lease4.ReplyReceived{Reply: r}) // for its report; the LAN has not heard a server
		return
	}
	d.cfg.Owner.LAN().Share(&r.Routes, &r.DNS, &r.Domain, &r.Search)
	if via := gateway(r); via.IsValid() {
		d.router = via
	}
	d.heardFrom = m.From.MAC
	if d.pendingConflict(r.Type); d.cfg.Owner.Ending() {
		return
	}
	failpoint.At(failpoint.After(r.Type))
	refused, decline := d.cfg.Owner.LAN().Offered(r.Your, d.checks())
	if r.Your == d.watched {
		refused = false // the machine knows the address that it watches
	}
	d.step(lease4.ReplyReceived{Reply: r, Refused: refused, Decline: decline})
}

// receiveFailed closes the socket; the next message opens another one.
func (d *Driver) receiveFailed(err error) {
	if kernel.IsGone(err) {
		d.lost(err)
		return
	}
	d.emit(event.Failed{What: "receive", Err: err})
	d.closeConn()
}
