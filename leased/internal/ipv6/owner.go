// SPDX-License-Identifier: Apache-2.0

// Package ipv6 is the IPv6 side of one attachment, step 5 of the way of a lease: the
// kernel takes the routers' advertisements and makes the addresses that they ask for
// (SLAAC); the driver looks at the result, does DHCPv6 where the routers or the user want
// it, and delays no start for long. Package ipv4 is its twin: the same files, and the same
// words in them. Files without a twin: routers.go and look.go, since IPv4 has no routers
// that speak by themselves, and sense.go, the decisions that follow from a look.
package ipv6

import (
	"context"
	"net/netip"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/request"
)

// Owner is everything that a driver may ask of its attachment. No method of it calls
// back into the driver's step: Lost and GiveUp note an end, which the attachment
// concludes after the message.
type Owner interface {
	Now() clock.Instant
	Emit(e event.Event)
	LAN() *lan.Member
	// Place is the container's link. Enter is Place with a session held open until
	// the attachment rests.
	Place() kernel.Place
	Enter() (kernel.Place, error)
	// Deliver puts do into the attachment's inbox. A full inbox loses it, unless it is the
	// last message of its sender. It is for receivers: the caller's goroutine may have to
	// do what do is to do, so it holds no lock and nobody waits for it.
	Deliver(last bool, do func())
	// Spawn starts a goroutine; its context ends with leased.
	Spawn(run func(ctx context.Context))
	// Wait calls wait while other attachments work. Its context ends with leased.
	Wait(wait func(ctx context.Context))
	// StandIn is Wait for making a stand-in: only a few are made at a time.
	StandIn(make func())

	// Starting reports whether a start waits for its lease; Complete, whether all that
	// the start waits for is there; Alone, whether IPv4 will not be.
	Starting() bool
	Complete() bool
	Alone() bool
	// Ending reports whether an end was noted: then nothing more is performed.
	Ending() bool
	// Lost notes that the container is gone.
	Lost(err error)
	// GiveUp answers the requests that wait with err, and notes the end of the start.
	GiveUp(why string, err *leaseapi.Error)
	// Trouble keeps the reason that a start gets if no lease comes in time.
	Trouble(text string)
	// Publish tells everyone of a change; Remember has it outlive a reboot. Renamed
	// reports whether the leases say something else of DNS than the last Publish.
	Publish()
	Remember()
	Renamed() bool
	// Settled follows each step that has not ended the attachment.
	Settled()
}

// Kernel is the part of kernel.Linux that the driver needs.
type Kernel interface {
	// Autoconf fails with binding.ErrNoIPv6 where there is no IPv6.
	Autoconf(p kernel.Place, a binding.Autoconf) error
	// Heed says whether the kernel takes the prefixes and routers of advertisements.
	Heed(p kernel.Place, a binding.Autoconf, heed bool) error
	Look6(p kernel.Place) (binding.State6, error)
	// MakeLinkLocal has the kernel form the link-local address again.
	MakeLinkLocal(p kernel.Place, a binding.Autoconf) error
	Apply6(p kernel.Place, next binding.Spec6, prev *binding.Spec6) error
	Remove6(p kernel.Place, s binding.Spec6) error
	// Solicit sends a router solicitation, from :: where from is invalid; Advertise an
	// unsolicited neighbor advertisement of an address.
	Solicit(p kernel.Place, from netip.Addr) error
	Advertise(p kernel.Place, addr netip.Addr) error
	DHCP6(p kernel.Place, linkLocal netip.Addr) (kernel.DHCP6Conn, error)
	// Routers hears the router advertisements that reach the link.
	Routers(p kernel.Place) (kernel.RoutersConn, error)
	// JustUp reports whether the LAN behind a host interface has come up just now.
	JustUp(host string) bool
	// StandIn6 opens a DHCPv6 socket on a link that is like l, which is gone.
	StandIn6(l request.Link) (kernel.DHCP6Conn, error)
}
