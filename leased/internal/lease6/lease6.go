// SPDX-License-Identifier: Apache-2.0

// Package lease6 is step 6 of the way of a lease for IPv6: the DHCPv6 client state
// machine of RFC 8415 §18.2 for one attachment, with one IA_NA or with none. It is pure:
// Step(now, event) returns the actions to perform; the caller owns the clock, the wire
// and the kernel. It has the same shape as package lease4.
package lease6

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// Config configures a new machine.
type Config struct {
	DUID        []byte     // the client's; a reply must have this one (§16)
	Requested   netip.Addr // the hint in SOLICIT's IA_NA; invalid: none
	RapidCommit bool       // ask for, and take, a REPLY to SOLICIT
	// Rand returns unpredictable numbers (crypto/rand). Not nil.
	Rand func() uint64
}

// Lease is a lease that a server granted: addresses with further settings, or only
// settings (stateless).
type Lease struct {
	Addrs  []Addr // each usable: Preferred ≤ Valid, Valid later than Start; empty: stateless
	Server []byte // DUID
	// Start is when the message that the server answered was first sent; all times count
	// from Start. Start ≤ T1 ≤ T2 ≤ the last Valid; infinite ones are Never. For a
	// stateless lease T1 is when to ask again (RFC 8415 §18.2.6, option 32) and T2 is
	// Never.
	Start, T1, T2 clock.Instant

	DNS    []netip.Addr
	Search []string
}

// Addr is an address with the ends of its lifetimes.
type Addr struct {
	Addr             netip.Addr
	Preferred, Valid clock.Instant
}

// Event is one thing that happened. Events are past facts.
type Event interface{ event() }

// The events of the machine.
type (
	// Wanted says what the network's routers, or the user, ask for: addresses, or only
	// the settings beside them (stateless). A machine in INIT begins. A stateless
	// machine changes to addresses. A machine with addresses keeps them: if a router
	// takes its M flag back, the server decides about the addresses (RFC 4861 §4.2).
	// Remembered is the attachment's last lease: if it has not expired it is confirmed
	// (§18.2.3), else SOLICIT hints at its addresses.
	Wanted struct {
		Addresses  bool
		Remembered Lease
	}
	// ReplyReceived is a server's message that parsed. The machine compares xid, client
	// identifier and server identifier.
	ReplyReceived struct{ dhcp6.Reply }
	// LinkChanged says that the container may be on another link now, or that we cannot
	// know. A lease in use is confirmed (§18.2.3).
	LinkChanged struct{}
	// DuplicateFound says that another host on the link uses Addr (§18.2.10.1).
	DuplicateFound struct{ Addr netip.Addr }
	// TimerFired says that Deadline has come. A spurious one does nothing.
	TimerFired struct{}
	// ReleaseRequested ends the lease for good, with one RELEASE if there are addresses.
	// The caller retransmits the RELEASE (§18.2.7 allows to stop early).
	ReleaseRequested struct{}
)

func (Wanted) event()           {}
func (ReplyReceived) event()    {}
func (LinkChanged) event()      {}
func (DuplicateFound) event()   {}
func (TimerFired) event()       {}
func (ReleaseRequested) event() {}

// Action is one thing that the caller must do, in the order given. Actions are
// imperatives.
type Action interface{ action() }

// The actions of the machine.
type (
	// Send sends a message to All_DHCP_Relay_Agents_and_Servers.
	Send struct{ dhcp6.Message }
	// Bind puts the lease's addresses, names and servers into use, in place of those of
	// the last Bind. A renewal that changes only times comes as Bind too.
	Bind struct{ Lease Lease }
	// Unbind undoes Bind, before any Send that follows: a client that gives an address
	// back must already have stopped using it (§18.2.7, §18.2.8). Why is for the log.
	Unbind struct{ Why string }
	// Report tells the operator about an event that is not a state change. One exchange
	// makes at most maxReports.
	Report struct{ Msg, Detail string }
)

func (Send) action()   {}
func (Bind) action()   {}
func (Unbind) action() {}
func (Report) action() {}
