// SPDX-License-Identifier: Apache-2.0

package dhcp6

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Codes of the options that are sent or read (RFC 8415 §24, RFC 3646, RFC 4704).
const (
	optClientID    = 1
	optServerID    = 2
	optIANA        = 3
	optIAAddr      = 5
	optPreference  = 7
	optStatus      = 13
	optRapidCommit = 14
	optDNS         = 23
	optSearch      = 24
	optRefresh     = 32
	optFQDN        = 39
	optSolMaxRT    = 82
	optInfMaxRT    = 83
)

// Sizes on the wire, in bytes.
const (
	headerLen    = 4 // type and transaction ID (§8)
	optHeaderLen = 4
	iaLen        = 12 // IAID, T1, T2; options follow (§21.4)
	iaAddrLen    = 24 // address, two lifetimes; options follow (§21.6)
	addrLen      = 16
	minDUID      = 3 // a type and at least one byte (§11.1)
	anyLen       = 0xffff
)

// form is the lengths that an option's value may have: min to max, in steps of unit.
type form struct{ min, max, unit int }

// forms are those of the options that are read. An option of another length is malformed
// and counts as absent; the message stays valid.
var forms = map[uint16]form{
	optClientID:    {minDUID, MaxDUID, 1},
	optServerID:    {minDUID, MaxDUID, 1},
	optIANA:        {iaLen, anyLen, 1},
	optIAAddr:      {iaAddrLen, anyLen, 1},
	optPreference:  {1, 1, 1},
	optStatus:      {2, anyLen, 1},
	optRapidCommit: {0, 0, 1},
	optDNS:         {addrLen, anyLen, addrLen},
	optSearch:      {1, anyLen, 1},
	optRefresh:     {4, 4, 1},
	optSolMaxRT:    {4, 4, 1},
	optInfMaxRT:    {4, 4, 1},
}

var errOption = errors.New("option runs beyond its end")

// options are the values of one scope by code, in the order of the wire.
// They are parts of the message, not copies.
type options map[uint16][][]byte

// collect reads the well-formed options of one scope: the message's, an IA_NA's, an
// address's. It does not descend, so no nesting can be deep. A malformed rest loses only
// itself: servers leave bytes behind the last option (Oracle's cloud). It fails where a status
// is cut off, which without it would read as Success.
func collect(b []byte) (options, error) {
	opts := options{}
	for len(b) > 0 {
		if len(b) < optHeaderLen {
			break
		}
		code, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[optHeaderLen:]
		if n > len(b) && code == optStatus {
			return nil, fmt.Errorf("%w: option %d", errOption, code)
		}
		if n > len(b) {
			break
		}
		if wellFormed(code, n) {
			opts[code] = append(opts[code], b[:n])
		}
		b = b[n:]
	}
	return opts, nil
}

func wellFormed(code uint16, n int) bool {
	f, known := forms[code]
	return known && n >= f.min && n <= f.max && n%f.unit == 0
}

func (o options) has(code uint16) bool { return o[code] != nil }

// first returns the value of an option that may come once; nil if there is none. If it
// comes more often, the first counts: such options are never joined (§21).
func (o options) first(code uint16) []byte {
	if v := o[code]; v != nil {
		return v[0]
	}
	return nil
}

// u32 reads a number of four bytes; 0 if there is none.
func (o options) u32(code uint16) uint32 {
	if v := o.first(code); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}
