// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/resolv"
)

// Kernel is the container's side. Every call finds its way by path, makes sure
// that it is the same netns and link still, and holds on to neither; only between
// Find or Enter and Leave the netns is held open. Calls fail with kernel.ErrGone where it is not.
type Kernel interface {
	// Find looks at the link of a request: the one with its index, or with the
	// attachment's interface name where it has none.
	Find(r leaseapi.AcquireRequest) (kernel.Place, error)
	// Enter opens a place that was left.
	Enter(p kernel.Place) (kernel.Place, error)
	Leave(p kernel.Place)
	// Number is the number of the place's netns, which it is given if need be.
	Number(p kernel.Place) (int, error)
	Check(p kernel.Place) error
	Packet(p kernel.Place) (kernel.PacketConn, error)
	ARP(p kernel.Place) (kernel.ARPConn, error)
	Unicast(p kernel.Place, local, server netip.Addr) (kernel.Sender, error)
	Apply4(p kernel.Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error)
	Remove4(p kernel.Place, s binding.Spec) error
	DeleteLink(p kernel.Place) error
	// Resolve rewrites the container's resolv.conf, and says whether it did.
	Resolve(p kernel.Place, containerID string, was, now resolv.Names) (bool, error)
	// Autoconf fails with binding.ErrNoIPv6 where there is no IPv6.
	Autoconf(p kernel.Place, a binding.Autoconf) error
	Look6(p kernel.Place) (binding.State6, error)
	Apply6(p kernel.Place, next binding.Spec6, prev *binding.Spec6) error
	Remove6(p kernel.Place, s binding.Spec6) error
	// Solicit sends a router solicitation, from :: where from is invalid; Advertise an
	// unsolicited neighbor advertisement of an address.
	Solicit(p kernel.Place, from netip.Addr) error
	Advertise(p kernel.Place, addr netip.Addr) error
	DHCP6(p kernel.Place, linkLocal netip.Addr) (kernel.DHCP6Conn, error)
	// Routers hears the router advertisements that reach the link, LANRouters those that reach
	// the LAN behind a host interface.
	Routers(p kernel.Place) (kernel.RoutersConn, error)
	LANRouters(host string) (kernel.RoutersConn, error)
	// StandIn4 opens a raw socket on a link that is like l, which is gone.
	StandIn4(l leaseapi.Link) (kernel.PacketConn, error)
	StandIn6(l leaseapi.Link) (kernel.DHCP6Conn, error)
}
