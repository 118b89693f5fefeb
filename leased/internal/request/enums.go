// SPDX-License-Identifier: Apache-2.0

package request

import "slices"

// OnTimeout says how a start goes on that has no lease within Policy.Timeout.
type OnTimeout uint8

// The values of OnTimeout.
const (
	Fail     OnTimeout = iota + 1 // the start fails
	Continue                      // the container starts, and leased keeps trying
)

// ConflictCheck says how an address is probed before use (RFC 5227).
type ConflictCheck uint8

// The values of ConflictCheck.
const (
	CheckOff     ConflictCheck = iota + 1
	CheckQuick                 // beside the exchange; the answer does not wait for the probe
	CheckRFC5227               // the whole of RFC 5227 §2.1.1, 4 to 7 s before the answer
)

// IPv6 says where the container's IPv6 addresses come from.
type IPv6 uint8

// The values of IPv6.
const (
	IPv6Off   IPv6 = iota + 1
	IPv6Auto       // SLAAC and DHCPv6, as routers advertise
	IPv6SLAAC      // SLAAC only
	IPv6DHCP       // DHCPv6 only, whatever routers advertise
	IPv6Only       // as IPv6Auto, and no IPv4
)

// Their spellings in the API. Zero is invalid, and so is its spelling.
var (
	onTimeouts     = []string{invalid, Fail: "fail", Continue: "continue"}
	conflictChecks = []string{invalid, CheckOff: "off", CheckQuick: "quick", CheckRFC5227: "rfc5227"}
	ipv6s          = []string{invalid, IPv6Off: "off", IPv6Auto: "auto", IPv6SLAAC: "slaac", IPv6DHCP: "dhcp", IPv6Only: "only"}
)

const invalid = "invalid"

// String spells t as the API does.
func (t OnTimeout) String() string { return spelling(onTimeouts, t) }

// String spells c as the API does.
func (c ConflictCheck) String() string { return spelling(conflictChecks, c) }

// String spells v as the API does.
func (v IPv6) String() string { return spelling(ipv6s, v) }

func spelling[E ~uint8](of []string, e E) string {
	if int(e) >= len(of) {
		return invalid
	}
	return of[e]
}

// enum returns the value that s spells, or zero.
func enum[E ~uint8](of []string, s string) E { return E(max(slices.Index(of, s), 0)) }
