// SPDX-License-Identifier: Apache-2.0

// Package ipv4 is the DHCPv4 side of one attachment, step 5 of the way of a lease: the
// driver opens the sockets, sends the messages and applies the leases that the machine of
// package lease4 asks for, and tells the machine what happens. Package ipv6 is its twin:
// the same files, and the same words in them.
package ipv4

import (
	"context"
	"net/netip"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease4"
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

	// Starting reports whether a start waits for its lease.
	Starting() bool
	// Ending reports whether an end was noted: then nothing more is performed.
	Ending() bool
	// Lost notes that the container is gone.
	Lost(err error)
	// GiveUp answers the requests that wait with err, and notes the end of the start.
	GiveUp(why string, err *leaseapi.Error)
	// Trouble keeps the reason that a start gets if no lease comes in time.
	Trouble(text string)
	// Publish tells everyone of a change; Remember has it outlive a reboot.
	Publish()
	Remember()
	// Renewed says that the lease in use was renewed, or another one took its place.
	Renewed()
	// Expired records that a lease has ended, so that after a restart the container
	// asks for a new one instead of the one that the server refused.
	Expired(l lease4.Lease)
	// Relieve gives back held leases of the LAN: its pool may be empty.
	Relieve()
	// Settled follows each step that has not ended the attachment.
	Settled()
}

// Kernel is the part of kernel.Linux that the driver needs.
type Kernel interface {
	Packet(p kernel.Place) (kernel.PacketConn, error)
	ARP(p kernel.Place) (kernel.ARPConn, error)
	Unicast(p kernel.Place, local, server netip.Addr) (kernel.Sender, error)
	Apply4(p kernel.Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error)
	// Others4 are the addresses of the container's other interfaces.
	Others4(p kernel.Place) ([]binding.Other, error)
	Remove4(p kernel.Place, s binding.Spec) error
	// Allow4 lets the container use an IPv4 address with its interface, and no other one.
	Allow4(u kernel.Use) error
	// StandIn4 opens a raw socket on a link that is like l, which is gone.
	StandIn4(l request.Link) (kernel.PacketConn, error)
}
