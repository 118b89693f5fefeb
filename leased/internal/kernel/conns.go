// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"podman-net-dhcp/leased/internal/wire"
)

// Sender is a socket that sends DHCP messages, as wire.Unicast.
type Sender interface {
	Send(payload []byte) error
	Close()
}

// PacketConn is a raw socket in the container, as wire.Packet.
type PacketConn interface {
	Sender
	Receive(ctx context.Context) (payload []byte, from wire.Source, err error)
	SetXID(xid uint32) error
	SendTo(payload []byte, src, dst netip.Addr, mac net.HardwareAddr) error
	// Resolve asks by ARP who has addr, for a socket that receives nothing else.
	Resolve(ctx context.Context, from, addr netip.Addr) (net.HardwareAddr, error)
}

// ARPConn is an ARP socket in the container, as wire.ARP.
type ARPConn interface {
	Watch(addr netip.Addr) error
	Probe(addr netip.Addr) error
	Announce(addr netip.Addr) error
	Receive(ctx context.Context) (wire.Conflict, error)
	Pending() (wire.Conflict, bool)
	Close()
}

// DHCP6Conn is a DHCPv6 client's socket in the container, as wire.DHCP6.
type DHCP6Conn interface {
	Sender
	Receive(ctx context.Context) (payload []byte, from wire.Source, err error)
	SetXID(xid uint32) error
}

// RoutersConn hears router advertisements, as wire.Routers.
type RoutersConn interface {
	Receive(ctx context.Context) (icmp []byte, from netip.Addr, err error)
	Close()
}

// Message is a DHCP message and where it came from.
type Message struct {
	Payload []byte
	From    wire.Source
}

// Receive hands what next returns to deliver until the socket is closed. An error of the
// socket is the last that deliver gets. The end of ctx closes the socket.
func Receive[T any](ctx context.Context, conn interface{ Close() }, next func(ctx context.Context) (T, error), deliver func(got T, err error)) {
	for {
		got, err := next(ctx)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			conn.Close()
			return
		}
		if deliver(got, err); err != nil {
			return
		}
	}
}

// ReceiveDHCP is Receive for sockets of DHCP messages.
func ReceiveDHCP(ctx context.Context, conn DHCPReceiver, deliver func(m Message, err error)) {
	Receive(ctx, conn, func(ctx context.Context) (m Message, err error) {
		m.Payload, m.From, err = conn.Receive(ctx)
		return m, err
	}, deliver)
}

// DHCPReceiver is the receiving side of PacketConn and DHCP6Conn.
type DHCPReceiver interface {
	Receive(ctx context.Context) (payload []byte, from wire.Source, err error)
	Close()
}
