// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/resolv"
	"podman-net-dhcp/leased/internal/wire"
)

// ErrGone says that the container's netns or link is not there any more, or is
// another one.
var ErrGone = errors.New("the container is gone")

// Place is a link that was looked at: where, and the signs by which it is known
// again. A path can lead to another netns later; the cookie cannot.
type Place struct {
	Netns     string
	Cookie    uint64
	Index     int
	MAC       net.HardwareAddr
	Interface string
	// Of the netns, and not part of what it is known by: the number under which the
	// kernel tells its end, or unnumbered, and the inode, which its processes have
	// when its path is gone.
	Number int
	Inode  uint64

	door *door // held open during an exchange; nil, or shut: by the path
}

// unnumbered is the number of a netns that has none yet.
const unnumbered = -1

func (p Place) same(q Place) bool {
	return p.Netns == q.Netns && p.Cookie == q.Cookie && p.Index == q.Index && p.MAC.String() == q.MAC.String()
}

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

// Conn6 is a DHCPv6 client's socket in the container, as wire.DHCP6.
type Conn6 interface {
	Sender
	Receive(ctx context.Context) (payload []byte, from wire.Source, err error)
	SetXID(xid uint32) error
}

// Ear hears router advertisements, as wire.Routers.
type Ear interface {
	Receive(ctx context.Context) (icmp []byte, from netip.Addr, err error)
	Close()
}

// Kernel is the container's side. Every call finds its way by path, makes sure
// that it is the same netns and link still, and holds on to neither; only between
// Find or Enter and Leave the netns is held open. Calls fail with ErrGone where it is not.
type Kernel interface {
	// Find looks at the link of a request: the one with its index, or with the
	// attachment's interface name where it has none.
	Find(r leaseapi.AcquireRequest) (Place, error)
	// Enter opens a place that was left.
	Enter(p Place) (Place, error)
	Leave(p Place)
	// Number is the number of the place's netns, which it is given if need be.
	Number(p Place) (int, error)
	Check(p Place) error
	Packet(p Place) (PacketConn, error)
	ARP(p Place) (ARPConn, error)
	Unicast(p Place, local, server netip.Addr) (Sender, error)
	Apply(p Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error)
	Remove(p Place, s binding.Spec) error
	DeleteLink(p Place) error
	// Resolve rewrites the container's resolv.conf, and says whether it did.
	Resolve(p Place, containerID string, was, now resolv.Names) (bool, error)
	// Autoconf fails with binding.ErrNoIPv6 where there is no IPv6.
	Autoconf(p Place, a binding.Autoconf) error
	Look6(p Place) (binding.State6, error)
	Apply6(p Place, next binding.Spec6, prev *binding.Spec6) error
	Remove6(p Place, s binding.Spec6) error
	// Solicit sends a router solicitation, from :: where from is invalid; Advertise an
	// unsolicited neighbor advertisement of an address.
	Solicit(p Place, from netip.Addr) error
	Advertise(p Place, addr netip.Addr) error
	DHCP6(p Place, linkLocal netip.Addr) (Conn6, error)
	// Routers hears the router advertisements that reach the link, Ear those that reach
	// the LAN behind a host interface.
	Routers(p Place) (Ear, error)
	Ear(host string) (Ear, error)
	// StandIn opens a raw socket on a link that is like l, which is gone.
	StandIn(l leaseapi.Link) (PacketConn, error)
	StandIn6(l leaseapi.Link) (Conn6, error)
}
