// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
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
