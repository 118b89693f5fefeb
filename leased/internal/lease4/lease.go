// SPDX-License-Identifier: Apache-2.0

// Package lease4 is step 6 of the way of a lease: the DHCPv4 client state machine
// of RFC 2131 §4.4 for one attachment. It is pure: Step(now, event) returns the
// actions to perform; the caller owns the clock, the wire and the kernel.
package lease4

import (
	"net"
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// Lease is a lease that a server granted.
type Lease struct {
	Addr   netip.Prefix // the address with its prefix length
	Server netip.Addr   // option 54
	// Start is when the REQUEST that the server answered was first sent (RFC 2131
	// §4.4.1). T1, T2 and Expiry count from Start. Start ≤ T1 ≤ T2 ≤ Expiry; infinite
	// ones are Never.
	Start, T1, T2, Expiry clock.Instant

	Routes []dhcp4.Route // none leads to the address itself; at most dhcp4.MaxRoutes
	DNS    []netip.Addr
	Domain string
	Search []string
	MTU    int // bytes; 0: the server says nothing
}

// none stands for no lease: it has no Addr.
var none Lease

// Event is one thing that happened. Events are past facts.
type Event interface{ event() }

// The events of the machine.
type (
	// Started asks for a lease; only a new machine, in INIT, accepts it. Remembered is
	// the attachment's last lease, expired or not, which the machine asks for again;
	// without Addr: none. Former is an address that the attachment had before, and that no
	// server keeps for it; DISCOVER asks for it if the configuration asks for none. Crowd says that many others ask the same servers, which then
	// answer later.
	Started struct {
		Remembered Lease
		Former     netip.Addr
		Crowd      bool
	}
	// ReplyReceived is a server's message for our chaddr. The caller has compared
	// chaddr; the machine compares xid and client identifier. Refused says that, as the
	// caller knows, another host recently used the address Your. Decline, as in
	// ConflictFound, says that a DECLINE is allowed.
	ReplyReceived struct {
		dhcp4.Reply
		Refused, Decline bool
	}
	// ConflictFound says that the host with MAC uses or probes Addr, the address that
	// Watching returned. Decline says that the caller's limits still allow a DECLINE.
	// Again says that this host claimed another address a moment ago, and that the caller
	// bounds how often this is said of one host.
	ConflictFound struct {
		Addr           netip.Addr
		MAC            net.HardwareAddr
		Decline, Again bool
	}
	// TimedOut says that the caller cannot wait any longer: the machine uses a
	// remembered lease that has not expired, without a server's word (RFC 2131 §3.2).
	TimedOut struct{}
	// LinkChanged says that the link was cut off, and leads to a LAN again, which may be
	// another one: the machine asks whether the lease in use is good there, or asks again at
	// once for the lease that it has not. Crowd is as in Started.
	LinkChanged struct{ Crowd bool }
	// TimerFired says that Deadline has come. A spurious one does nothing.
	TimerFired struct{}
	// ReleaseRequested ends the lease for good, with a RELEASE if there is one.
	ReleaseRequested struct{}
)

func (Started) event()          {}
func (ReplyReceived) event()    {}
func (ConflictFound) event()    {}
func (TimedOut) event()         {}
func (LinkChanged) event()      {}
func (TimerFired) event()       {}
func (ReleaseRequested) event() {}

// Action is one thing that the caller must do, in the order given. Actions are
// imperatives.
type Action interface{ action() }

// The actions of the machine.
type (
	// Send sends a message. If To is valid, the message goes to that server by unicast
	// from the leased address (RENEWING, and RELEASE, for which the address need not be
	// bound). If To is invalid, it is broadcast from 0.0.0.0. A DECLINE may come while
	// Medium says none.
	Send struct {
		dhcp4.Message
		To netip.Addr
	}
	// Bind applies a lease in the container's netns, make before break if another lease
	// is bound. A renewal that changes only times comes as Bind too.
	Bind struct{ Lease Lease }
	// Unbind undoes Bind. Why is for the log.
	Unbind struct{ Why string }
	// Probe sends one ARP probe for Addr (RFC 5227 §2.1.1).
	Probe struct{ Addr netip.Addr }
	// Announce sends one ARP announcement of Addr (RFC 5227 §2.3).
	Announce struct{ Addr netip.Addr }
	// Report tells the operator about an event that is not a state change: a NAK, an
	// OFFER without a server id, … One transaction makes at most maxReports, so that a
	// flood does not fill the log.
	Report struct{ Msg, Detail string }
)

func (Send) action()     {}
func (Bind) action()     {}
func (Unbind) action()   {}
func (Probe) action()    {}
func (Announce) action() {}
func (Report) action()   {}
