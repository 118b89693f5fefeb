// SPDX-License-Identifier: Apache-2.0

// Package dhcp6 is step 7 of the way of a lease for IPv6: it turns a message of the
// DHCPv6 machine into bytes, and a server's bytes into a reply for the machine (RFC
// 8415). It is pure: no I/O, no clock, no log. insomniacslk/dhcp builds messages; the
// comment of Parse says why it does not read them.
package dhcp6

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/dnsname"
)

// Type is a DHCPv6 message type (RFC 8415 §7.3).
type Type uint8

// The message types that a client sends or understands. All others, RECONFIGURE
// among them (§18.2.11, which we never accept), are not parsed into a Reply.
const (
	Solicit            Type = 1
	Advertise          Type = 2
	Request            Type = 3
	Confirm            Type = 4
	Renew              Type = 5
	Rebind             Type = 6
	ReplyType          Type = 7
	Release            Type = 8
	Decline            Type = 9
	InformationRequest Type = 11
)

// String spells the type as RFC 8415 §7.3 does.
func (t Type) String() string {
	switch t {
	case Solicit:
		return "SOLICIT"
	case Advertise:
		return "ADVERTISE"
	case Request:
		return "REQUEST"
	case Confirm:
		return "CONFIRM"
	case Renew:
		return "RENEW"
	case Rebind:
		return "REBIND"
	case ReplyType:
		return "REPLY"
	case Release:
		return "RELEASE"
	case Decline:
		return "DECLINE"
	case InformationRequest:
		return "INFORMATION-REQUEST"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Identity holds the fields that stay the same in all messages of one attachment.
type Identity struct {
	DUID      []byte // option 1: type and all, of the host (RFC 6355)
	IAID      uint32 // of the attachment's one IA_NA
	Hostname  string // option 39 (RFC 4704); empty: not sent
	UserClass string // option 15, one instance; empty: not sent
}

// Message holds the fields that change from message to message.
type Message struct {
	Type    Type
	XID     uint32        // 24 bits
	Elapsed time.Duration // since the exchange began; in hundredths of a second on the wire, capped at 0xffff
	Server  []byte        // option 2, a DUID; nil: not sent
	// IA sends an IA_NA with Addrs in it, T1, T2 and lifetimes 0.
	IA          bool
	Addrs       []netip.Addr
	RapidCommit bool // option 14
}

// Status is a status code (RFC 8415 §21.13).
type Status uint16

// The status codes that a client acts on.
const (
	Success      Status = 0
	UnspecFail   Status = 1
	NoAddrsAvail Status = 2
	NoBinding    Status = 3
	NotOnLink    Status = 4
	UseMulticast Status = 5
)

// Address is an address in an IA_NA. Lifetimes are in seconds as sent, right or wrong.
type Address struct {
	Addr             netip.Addr // unicast, not link-local
	Preferred, Valid uint32     // Infinite: never ends
	Status           Status     // of the address's own status option; Success where absent
}

// Reply is a server's ADVERTISE or REPLY, checked for form but not for sense.
// Names, texts and lists are within bounds, so that they can be logged and
// written to files as they are.
type Reply struct {
	Type       Type // Advertise or ReplyType
	XID        uint32
	Client     []byte // option 1; nil: absent
	Server     []byte // option 2, at most MaxDUID bytes; nil: absent
	Preference uint8  // option 7; 0 where absent
	// Status is the message's own. StatusText belongs to it or to the IA's status,
	// printable characters only.
	Status     Status
	StatusText string

	// The IA_NA with our IAID, if HasIA; T1 and T2 in seconds. IAStatus is its own.
	HasIA    bool
	T1, T2   uint32
	IAStatus Status
	Addrs    []Address // at most MaxAddrs

	RapidCommit bool // option 14
	// Options 82 and 83 in seconds where 60 ≤ value ≤ 86400, else 0 (§21.24, §21.25).
	SolMaxRT, InfMaxRT uint32
	Refresh            uint32 // option 32 in seconds; HasRefresh tells 0 from absent
	HasRefresh         bool

	DNS    []netip.Addr // option 23, at most MaxDNS, unicast; link-local ones are left out
	Search []string     // option 24, valid domain names only, at most MaxSearch
}

// Infinite is the lifetime that never ends (RFC 8415 §7.7).
const Infinite = 0xffffffff

// The most that is taken of a list; the first entries count.
const (
	MaxAddrs  = 4
	MaxDNS    = 8
	MaxSearch = 16
	MaxDUID   = 130 // bytes (§11.1), type and all
	MaxText   = dnsname.MaxText
)
