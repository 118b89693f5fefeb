// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Bounds on parameters.
const (
	maxName     = 255
	maxPath     = 4096 // PATH_MAX
	maxMTU      = 65535
	maxClientID = 255
	minDUID     = 3
	maxDUID     = 130 // RFC 8415 §11.1, with its type
	maxMetric   = 1<<32 - 2
	maxTimeout  = 10 * time.Minute
	maxAllowed  = 8
)

func (p *parser) text(parameter, s string) string {
	p.check(parameter, plain(s, 0))
	return s
}

func (p *parser) duration(parameter string, ms, least int64) time.Duration {
	p.check(parameter, ms >= least && ms <= maxTimeout.Milliseconds())
	return time.Duration(ms) * time.Millisecond
}

func (p *parser) ipv4(parameter string, a netip.Addr) netip.Addr {
	p.check(parameter, !a.IsValid() || a.Is4())
	return a
}

func (p *parser) ipv6(parameter string, a netip.Addr) netip.Addr {
	p.check(parameter, !a.IsValid() || a.Is6() && !a.Is4In6() && a.Zone() == "")
	return a
}

// allowed is a list of servers or routers; an empty one is no list.
func (p *parser) allowed(parameter string, all []netip.Prefix) []netip.Prefix {
	p.check(parameter, len(all) <= maxAllowed && !slices.ContainsFunc(all, func(a netip.Prefix) bool {
		return !a.Addr().Is4() || a != a.Masked()
	}))
	if len(all) == 0 {
		return nil
	}
	return all
}

func (p *parser) clientID(s string) []byte {
	id, err := unhex(s)
	p.check("client.clientId", err == nil && len(id) != 1 && len(id) <= maxClientID)
	return id
}

// duid may be absent where no DHCPv6 is done.
func (p *parser) duid(s string, mode IPv6) []byte {
	duid, err := unhex(s)
	needed := mode == IPv6Auto || mode == IPv6DHCP || mode == IPv6Only
	p.check("client.duid", err == nil && len(duid) <= maxDUID && (len(duid) >= minDUID || len(duid) == 0 && !needed))
	return duid
}

func (p *parser) secret(s string) (secret [16]byte) {
	b, err := unhex(s)
	p.check("client.secret", err == nil && (b == nil || len(b) == len(secret)))
	copy(secret[:], b)
	return secret
}

// unhex returns nil for the empty text.
func unhex(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	return hex.DecodeString(s)
}

// plain reports whether s is text of least to maxName bytes without control
// characters, fit for logs and messages.
func plain(s string, least int) bool {
	return len(s) >= least && len(s) <= maxName &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}
