// SPDX-License-Identifier: Apache-2.0

// Package lease6 is step 6 of the way of a lease for IPv6: the DHCPv6 client
// state machine of RFC 8415 §18.2 for one attachment, with one IA_NA or with
// none. It is pure: Step(now, event) returns the actions to perform; the caller
// owns the clock, the wire and the kernel. Its shape is that of package lease.
package lease6

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// Config is what a machine is told when it is made.
type Config struct {
	DUID        []byte     // the client's; a reply must have this one (§16)
	Requested   netip.Addr // to be hinted at in SOLICIT's IA_NA; invalid: none
	RapidCommit bool       // ask for, and take, a REPLY to SOLICIT
	// Rand returns unpredictable numbers (crypto/rand). Not nil.
	Rand func() uint64
}

// Lease is what a server granted: addresses, or only what is said beside them.
type Lease struct {
	Addrs  []Addr // each usable: Preferred ≤ Valid, Valid later than Start; empty: stateless
	Server []byte // DUID
	// Start is when the message that it answers was sent first; all times count from
	// there. Start ≤ T1 ≤ T2 ≤ the last Valid; Never where infinite. For a
	// stateless one T1 is when to ask again (RFC 8415 §18.2.6, option 32) and T2 Never.
	Start, T1, T2 clock.Instant

	DNS    []netip.Addr
	Search []string
}

// Addr is an address with the ends of its lifetimes.
type Addr struct {
	Addr             netip.Addr
	Preferred, Valid clock.Instant
}

// Event is what happened. Events are past facts.
type Event interface{ event() }

// The events of the machine.
type (
	// Wanted says what the network's routers, or the user, ask for: addresses, or
	// else what is said beside them. A machine in INIT begins; one that is stateless
	// goes over to addresses; what else there is stays (a router's M flag that is taken
	// back takes no address away, RFC 4861 §4.2 leaves it to the server). Remembered is
	// the lease that the attachment had last: unexpired it is confirmed
	// (§18.2.3), else its addresses are hinted at.
	Wanted struct {
		Addresses  bool
		Remembered Lease
	}
	// ReplyReceived is a server's message that parsed; xid, client and server
	// identifier are the machine's to compare.
	ReplyReceived struct{ dhcp6.Reply }
	// LinkChanged says that the container may be on another link now, or that we
	// cannot know: a lease in use is confirmed (§18.2.3).
	LinkChanged struct{}
	// DuplicateFound says that somebody else on the link has Addr (§18.2.10.1).
	DuplicateFound struct{ Addr netip.Addr }
	// TimerFired says that Deadline has come. A spurious one does nothing.
	TimerFired struct{}
	// ReleaseRequested ends the lease for good, with one RELEASE if there are
	// addresses. Its retransmission is the caller's (§18.2.7 allows to end it early).
	ReleaseRequested struct{}
)

func (Wanted) event()           {}
func (ReplyReceived) event()    {}
func (LinkChanged) event()      {}
func (DuplicateFound) event()   {}
func (TimerFired) event()       {}
func (ReleaseRequested) event() {}

// Action is what the caller has to do, in the order given. Actions are imperatives.
type Action interface{ action() }

// The actions of the machine.
type (
	// Send sends a message to All_DHCP_Relay_Agents_and_Servers.
	Send struct{ dhcp6.Message }
	// Bind makes the lease's addresses, names and servers those in use, in place of the
	// last Bind's; a renewal that changes only times comes as Bind too.
	Bind struct{ Lease Lease }
	// Unbind removes what Bind applied, before any Send that follows (§18.2.7,
	// §18.2.8: who gives an address back has stopped using it). Why is for the log.
	Unbind struct{ Why string }
	// Report says that something happened that the operator wants to know and that is
	// no state change. At most maxReports come of one exchange.
	Report struct{ Msg, Detail string }
)

func (Send) action()   {}
func (Bind) action()   {}
func (Unbind) action() {}
func (Report) action() {}
