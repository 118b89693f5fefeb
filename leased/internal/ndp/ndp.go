// SPDX-License-Identifier: Apache-2.0

// Package ndp is step 7 of the way of a lease for IPv6 routers: it reads router
// advertisements (RFC 4861 §4.2, RFC 4191, RFC 8106) for what a container needs beside
// the parts that its kernel uses, and keeps what the routers of one LAN currently
// advertise. It is pure: no I/O, no clock, no log.
package ndp

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

// Infinite is the lifetime that never ends (RFC 4861 §4.6.2, RFC 8106 §5.1).
const Infinite = 0xffffffff

// The most that is taken of one advertisement, and kept of one router; the first entries
// count.
const (
	MaxPrefixes = 16
	MaxDNS      = 8
	MaxSearch   = 16
)

// Advertisement is a router's advertisement, checked for form. Its lists are within
// bounds and its names are domain names, so that they can be logged and written to files
// as they are. All lifetimes are in seconds, as sent.
type Advertisement struct {
	From       netip.Addr // the router's link-local address, without a zone
	Managed    bool       // addresses are available by DHCPv6
	Other      bool       // other settings are, such as DNS servers
	Lifetime   uint32     // as a default router; 0: not a default router
	Preference int8       // as a default router: 1 is high, 0 medium, -1 low (RFC 4191 §2.1)
	Prefixes   []Prefix   // at most MaxPrefixes
	Excess     bool       // there were more of them
	DNS        []Servers  // at most MaxDNS addresses in all
	Search     []Domains  // at most MaxSearch names in all
}

// Prefix is a prefix information option (RFC 4861 §4.6.2) that hosts do not have to
// ignore (RFC 4862 §5.5.3).
type Prefix struct {
	Prefix netip.Prefix // neither link-local nor multicast; bits beyond its length are 0
	// Autonomous says that hosts form addresses from the prefix: its A flag is set, and
	// it is a /64, as Ethernet needs (RFC 2464 §4).
	Autonomous       bool
	Preferred, Valid uint32 // Preferred ≤ Valid
}

// Servers is a recursive DNS server option (RFC 8106 §5.1). Addrs are unicast.
// Link-local ones are left out: they mean nothing without a zone, and neither Podman's
// status nor the resolv.conf of a container can carry a zone.
type Servers struct {
	Addrs    []netip.Addr // at least one
	Lifetime uint32       // 0: not to be used any more
}

// Domains is a DNS search list option (RFC 8106 §5.2).
type Domains struct {
	Names    []string // at least one
	Lifetime uint32   // 0: not to be used any more
}

// end returns when something heard at now with that lifetime expires.
func end(now clock.Instant, lifetime uint32) clock.Instant {
	if lifetime == Infinite {
		return clock.Never
	}
	return now.Add(time.Duration(lifetime) * time.Second)
}
