// SPDX-License-Identifier: Apache-2.0

// Package ndp is step 7 of the way of a lease for what IPv6's routers say: it
// turns the bytes of router advertisements (RFC 4861 §4.2, RFC 4191, RFC 8106)
// into what a container needs to know beside what its kernel takes from them,
// and keeps what the routers of one LAN say at present. It is pure: no I/O, no
// clock, no log.
package ndp

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// Infinite is the lifetime that never ends (RFC 4861 §4.6.2, RFC 8106 §5.1).
const Infinite = 0xffffffff

// The most that is taken of one advertisement, and kept of one router; what is
// said first counts.
const (
	MaxPrefixes = 16
	MaxDNS      = 8
	MaxSearch   = 16
)

// Advertisement is what a router said, checked for form. Its lists are within
// bounds and its names are domain names, so that they can be logged and written
// to files as they are. All lifetimes are in seconds, as sent.
type Advertisement struct {
	From       netip.Addr // the router's link-local address, without a zone
	Managed    bool       // addresses are to be had by DHCPv6
	Other      bool       // other things are, such as DNS servers
	Lifetime   uint32     // as a default router; 0: it is none
	Preference int8       // as a default router: 1 is high, 0 medium, -1 low (RFC 4191 §2.1)
	Prefixes   []Prefix   // at most MaxPrefixes
	DNS        []Servers  // at most MaxDNS addresses in all
	Search     []Domains  // at most MaxSearch names in all
}

// Prefix is a prefix information option (RFC 4861 §4.6.2) that RFC 4862 §5.5.3
// does not make hosts ignore.
type Prefix struct {
	Prefix netip.Prefix // neither link-local nor multicast; bits beyond its length are 0
	// Autonomous says that hosts form addresses from it: its A flag is set, and
	// it is a /64, as Ethernet needs it (RFC 2464 §4).
	Autonomous       bool
	Preferred, Valid uint32 // Preferred ≤ Valid
}

// Servers is a recursive DNS server option (RFC 8106 §5.1). Addrs are unicast.
// Link-local ones are left out: they mean nothing without a zone, which neither
// Podman's status nor the resolv.conf of a container can carry.
type Servers struct {
	Addrs    []netip.Addr // at least one
	Lifetime uint32       // 0: not to be used any more
}

// Domains is a DNS search list option (RFC 8106 §5.2).
type Domains struct {
	Names    []string // at least one
	Lifetime uint32   // 0: not to be used any more
}

// end is when what was heard at now with that lifetime is over.
func end(now clock.Instant, lifetime uint32) clock.Instant {
	if lifetime == Infinite {
		return clock.Never
	}
	return now.Add(time.Duration(lifetime) * time.Second)
}
