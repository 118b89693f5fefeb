// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"errors"
	"fmt"
	"slices"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"
)

// Where the fields are that are looked at beside the library. Option 52 can turn sname and file into
// option areas (RFC 2131 figure 1).
const (
	hlenOff  = 2
	snameOff = 44
	fileOff  = 108
	magicOff = 236
)

// Codes of the options that are looked at, as the IANA registry numbers them.
const (
	optPad         = 0
	optMask        = 1
	optRouter      = 3
	optDNS         = 6
	optDomain      = 15
	optMTU         = 26
	optStaticRoute = 33
	optLeaseTime   = 51
	optOverload    = 52
	optType        = 53
	optServer      = 54
	optText        = 56
	optT1          = 58
	optT2          = 59
	optClientID    = 61
	optRapidCommit = 80
	optV6Only      = 108
	optSearch      = 119
	optClassless   = 121
	optClasslessMS = 249
	optEnd         = 255
)

// fixedLen is the length of the options that have a fixed one and that we read. The first
// copy of that length counts, and of a longer one its beginning. Servers repeat options (dnsmasq
// with dhcp-option=54,…), and RFC 3396 §4 joins copies to one value, which would be too long.
var fixedLen = map[uint8]int{
	optMask: 4, optMTU: 2, optLeaseTime: 4, optOverload: 1, optType: 1, optServer: 4, optT1: 4, optT2: 4,
	optRapidCommit: 0, optV6Only: 4,
}

// single are the options of variable length that never need two parts. The first copy counts.
var single = []uint8{optDomain, optText, optClientID}

// vital are the options of which one may be what a cut message has lost. The others are
// worth less than a lease.
var vital = []uint8{optType, optServer, optLeaseTime, optMask}

var errOption = errors.New("option runs beyond its end")

// options are the options of a message: their values, with the parts of a split option joined (RFC
// 3396 §5), and where the later parts or copies begin in them.
type options struct {
	all  v4.Options
	cuts map[uint8][]int
}

// collect returns the options of a whole message: those of the options field, then of
// file, then of sname if option 52 says so (RFC 2131 §4.1). A malformed rest of an area loses
// only itself, if what decides about the lease was read before.
func collect(b []byte) (options, error) {
	opts := options{v4.Options{}, map[uint8][]int{}}
	if err := opts.area(b[headerLen:]); err != nil && !opts.whole() {
		return opts, fmt.Errorf("read options: %w", err)
	}
	overload := byte(0)
	if v := opts.all[optOverload]; v != nil && v[0] <= 3 {
		overload = v[0]
	}
	// Read once, before the fields are read: an option 52 inside the fields means
	// nothing (RFC 2132 §9.3; it was a loop in other clients, CVE-2012-2152).
	if overload&1 != 0 {
		if err := opts.area(b[fileOff:magicOff]); err != nil && !opts.whole() {
			return opts, fmt.Errorf("read options in file: %w", err)
		}
	}
	if overload&2 != 0 {
		if err := opts.area(b[snameOff:fileOff]); err != nil && !opts.whole() {
			return opts, fmt.Errorf("read options in sname: %w", err)
		}
	}
	return opts, nil
}

// whole reports whether the vital options were read. A NAK has fewer (table 3).
func (o options) whole() bool {
	if t := o.all[optType]; t != nil && Type(t[0]) == Nak {
		return o.all[optServer] != nil
	}
	return !slices.ContainsFunc(vital, func(code uint8) bool { return o.all[code] == nil })
}

// area reads one area of options. It accepts a missing END, as all clients but the
// library do. It fails at an option that runs over the area's end. An option of length zero
// says nothing, except 80, whose presence is its value. Real routers send 12 with length zero.
func (o options) area(b []byte) error {
	for len(b) > 0 && b[0] != optEnd {
		if b[0] == optPad {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return fmt.Errorf("%w: option %d", errOption, b[0])
		}
		o.add(b[0], b[2:2+int(b[1])])
		b = b[2+int(b[1]):]
	}
	return nil
}

// add adds one copy of an option.
func (o options) add(code uint8, v []byte) {
	n, fixed := fixedLen[code]
	if !fixed && len(v) == 0 || len(v) < n {
		return // says nothing
	}
	if fixed {
		v = v[:n]
	}
	old, again := o.all[code]
	switch {
	case !again:
	case fixed || slices.Contains(single, code):
		return
	default:
		o.cuts[code] = append(o.cuts[code], len(old))
	}
	o.all[code] = append(old, v...)
}
