// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"errors"
	"fmt"

	v4 "github.com/insomniacslk/dhcp/dhcpv4"
)

// Where the two fields are that option 52 can turn into option areas (RFC 2131 figure
// 1).
const (
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

// fixedLen is the length of the options that have a fixed one and that we read. Such an
// option is taken only if it has that length and comes once: repeated ones would be
// joined to another value (RFC 3396 §4 is for long options).
var fixedLen = map[uint8]int{
	optMask: 4, optMTU: 2, optLeaseTime: 4, optOverload: 1, optType: 1, optServer: 4, optT1: 4, optT2: 4,
	optRapidCommit: 0, optV6Only: 4,
}

var errOption = errors.New("option runs beyond its end")

// collect returns the options of a whole message: those of the options field, then of
// file, then of sname if option 52 says so (RFC 2131 §4.1). The parts of a split option
// are joined in that order (RFC 3396 §5).
func collect(b []byte) (v4.Options, error) {
	opts, seen := v4.Options{}, map[uint8]int{}
	if err := area(b[headerLen:], opts, seen); err != nil {
		return nil, fmt.Errorf("read options: %w", err)
	}
	overload := byte(0)
	if v := opts[optOverload]; seen[optOverload] == 1 && len(v) == 1 && v[0] <= 3 {
		overload = v[0]
	}
	// Read once, before the fields are read: an option 52 inside the fields means
	// nothing (RFC 2132 §9.3; it was a loop in other clients, CVE-2012-2152).
	if overload&1 != 0 {
		if err := area(b[fileOff:magicOff], opts, seen); err != nil {
			return nil, fmt.Errorf("read options in file: %w", err)
		}
	}
	if overload&2 != 0 {
		if err := area(b[snameOff:fileOff], opts, seen); err != nil {
			return nil, fmt.Errorf("read options in sname: %w", err)
		}
	}
	dropMalformed(opts, seen)
	return opts, nil
}

// area reads one area of options. It accepts a missing END, as all clients but the
// library do. It refuses an option that runs over the area's end: the options after it
// are lost, and one might have been the mask. An option of length zero says nothing,
// except 80, whose presence is its value. Real routers send 12 with length zero.
func area(b []byte, opts v4.Options, seen map[uint8]int) error {
	for len(b) > 0 && b[0] != optEnd {
		if b[0] == optPad {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return fmt.Errorf("%w: option %d", errOption, b[0])
		}
		if code, n := b[0], int(b[1]); n > 0 || code == optRapidCommit {
			seen[code]++
			opts[code] = append(opts[code], b[2:2+n]...)
		}
		b = b[2+int(b[1]):]
	}
	return nil
}

// dropMalformed removes malformed options of a fixed length; the message stays valid.
func dropMalformed(opts v4.Options, seen map[uint8]int) {
	for code, n := range fixedLen {
		if seen[code] > 1 || len(opts[code]) != n {
			delete(opts, code)
		}
	}
}
