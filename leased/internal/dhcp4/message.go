// SPDX-License-Identifier: Apache-2.0

// Package dhcp4 is step 7 of the way of a lease: it turns a message of the lease machine
// into bytes, and a server's bytes into a reply for the machine. It is pure: no I/O, no
// clock, no log. The codec underneath is insomniacslk/dhcp. This package adds what that
// codec lacks: option overload, a missing END, the order of options.
package dhcp4

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/dnsname"
)

// Type is a DHCP message type, option 53 (RFC 2132 §9.6).
type Type uint8

// The message types that a client sends or understands. All others, FORCERENEW
// among them (RFC 3203, not authenticated here), are not parsed into a Reply.
const (
	Discover Type = 1
	Offer    Type = 2
	Request  Type = 3
	Decline  Type = 4
	Ack      Type = 5
	Nak      Type = 6
	Release  Type = 7
)

// String spells the type as RFC 2131 figure 5 does, without its DHCP prefix.
func (t Type) String() string {
	switch t {
	case Discover:
		return "DISCOVER"
	case Offer:
		return "OFFER"
	case Request:
		return "REQUEST"
	case Decline:
		return "DECLINE"
	case Ack:
		return "ACK"
	case Nak:
		return "NAK"
	case Release:
		return "RELEASE"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Identity holds the fields that stay the same in all messages of one attachment.
type Identity struct {
	MAC         net.HardwareAddr // chaddr, 6 bytes
	ClientID    []byte           // option 61 with its type byte; empty: not sent
	Hostname    string           // option 12; empty: not sent
	FQDN        bool             // send Hostname as option 81 in place of 12 (RFC 4702 §3.1)
	VendorClass string           // option 60; empty: not sent
	UserClass   string           // option 77, up to 255 bytes; empty: not sent
}

// Message holds the fields of RFC 2131 table 5 that change from message to message. The
// zero netip.Addr means: not sent.
type Message struct {
	Type      Type
	XID       uint32
	Secs      uint16     // seconds; not sent in DECLINE and RELEASE
	Client    netip.Addr // ciaddr: set in RENEWING, REBINDING and in RELEASE
	Requested netip.Addr // option 50
	Server    netip.Addr // option 54
	Text      string     // option 56, in DECLINE and RELEASE; empty: not sent

	Broadcast   bool // the reply is to be broadcast, in DISCOVER and REQUEST (RFC 2131 §4.1)
	RapidCommit bool // option 80, in DISCOVER (RFC 4039)
	V6Only      bool // 108 in option 55, so in DISCOVER and REQUEST only (RFC 8925 §3.2)
}

// Route is one route as the server gave it.
type Route struct {
	Dst netip.Prefix // no bits set beyond its length
	Via netip.Addr   // invalid: on-link (RFC 3442, router 0.0.0.0)
}

// Reply is a server's OFFER, ACK or NAK, checked for form but not for sense: durations
// and addresses are as sent, right or wrong. Names, texts and lists are within the
// bounds of the constants below, so that they can be logged and written to files as they
// are.
type Reply struct {
	Type     Type
	XID      uint32
	MAC      net.HardwareAddr // chaddr, 6 bytes: the client that the reply is for
	Your     netip.Addr       // yiaddr, in an ACK else ciaddr; invalid if it was 0.0.0.0
	Server   netip.Addr       // option 54, after a relay else siaddr; invalid if absent
	ClientID []byte           // option 61 echoed by the server (RFC 6842); nil: absent
	Mask     int              // prefix length of option 1; NoMask or BadMask

	// Lease times in seconds, options 51, 58, 59. Has* tells 0 from absent;
	// Infinite is 0xffffffff (RFC 2131 §3.3).
	LeaseTime, T1, T2          uint32
	HasLeaseTime, HasT1, HasT2 bool

	// Routes are those of option 121, else of 249, else of 33 and then 3 (RFC 3442: a
	// client that gets 121 ignores 33 and 3). Default routes are included. There is one
	// route per destination.
	Routes []Route
	DNS    []netip.Addr // option 6
	Domain string       // option 15, a valid domain name or empty
	Search []string     // option 119 (RFC 3397), valid domain names only
	MTU    int          // option 26, at least MinMTU; 0: absent or below 68
	Text   string       // option 56, printable characters only

	RapidCommit bool // option 80: an ACK with this option answers a DISCOVER (RFC 4039)
	// V6OnlyWait is option 108 in seconds: how long a client that can do without IPv4
	// should do so (RFC 8925).
	V6OnlyWait    uint32
	HasV6OnlyWait bool
}

// Values of Reply.Mask that are not a prefix length.
const (
	NoMask  = 0  // the server sent none, one of a wrong size, or 0.0.0.0
	BadMask = -1 // not contiguous
)

// Infinite is the lease time that never ends, in seconds (RFC 2131 §3.3).
const Infinite = 0xffffffff

// MinMTU is the smallest IPv4 MTU that a server may set (RFC 2132 §5.1 allows
// 68; no host must accept fewer than 576 octets whole, RFC 791, so we do not go
// below that).
const MinMTU = 576

// The most that is taken of a list. A server that sends more is hostile or broken; the
// first entries count.
const (
	MaxRoutes = 64
	MaxDNS    = 8
	MaxSearch = 16
	MaxText   = dnsname.MaxText // bytes of option 56
)

// Seconds turns a lease time of the wire into a duration. Infinite has no duration and
// must be handled before.
func Seconds(s uint32) time.Duration { return time.Duration(s) * time.Second }
