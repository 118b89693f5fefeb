// SPDX-License-Identifier: Apache-2.0

// Package dhcp4test has the helpers for DHCPv4 that tests of several packages need: a
// golden check of a client's messages, and a server's messages built by hand, also
// malformed ones. It uses neither our codec nor the library's, so that it can find their
// mistakes.
package dhcp4test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Limits of a client's message: RFC 951's minimum, and the 576 octets that every server
// must accept whole, less IP and UDP headers (RFC 2131 §2).
const (
	minLen = 300
	maxLen = 576 - 20 - 8
)

// rule is one column of RFC 2131 table 5: which options a message must and which
// it must not have. REQUEST has one for each way of asking (§4.3.2).
type rule struct {
	name       string
	must, not  []byte
	ciaddr     bool // set, else 0
	zeroSecs   bool
	broadcast  bool // the broadcast bit may be set
	onlyCommon bool // nothing but 53, 61, 54, 50 and 56
}

var (
	discover  = rule{name: "DISCOVER", broadcast: true, must: []byte{55, 57}, not: []byte{54, 56}}
	selecting = rule{name: "REQUEST in SELECTING", broadcast: true, must: []byte{50, 54, 55, 57}, not: []byte{56, 80}}
	reboot    = rule{name: "REQUEST in INIT-REBOOT", must: []byte{50, 55, 57}, not: []byte{54, 56, 80}}
	extending = rule{name: "REQUEST in RENEWING or REBINDING", must: []byte{55, 57}, not: []byte{50, 54, 56, 80}, ciaddr: true}
	decline   = rule{name: "DECLINE", must: []byte{50, 54}, zeroSecs: true, onlyCommon: true}
	release   = rule{name: "RELEASE", must: []byte{54}, not: []byte{50}, ciaddr: true, zeroSecs: true, onlyCommon: true}
)

// Check returns an error that lists everything in a client's message, a UDP payload,
// that RFC 2131 table 5 or our own rules (53 first, 121 before 3, nothing after END) forbid.
func Check(b []byte) error {
	if len(b) < minLen || len(b) > maxLen {
		return fmt.Errorf("length %d, want %d to %d", len(b), minLen, maxLen)
	}
	opts, err := Options(b[240:])
	if err != nil {
		return err
	}
	if len(opts) == 0 || opts[0].Code != 53 || len(opts[0].Value) != 1 {
		return errors.New("first option is not 53")
	}
	r, err := ruleOf(opts[0].Value[0], b, opts)
	if err != nil {
		return err
	}
	if err := errors.Join(append(header(b, r), options(opts, r)...)...); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

func ruleOf(typ byte, b []byte, opts []Option) (rule, error) {
	has := func(c byte) bool { return find(opts, c) >= 0 }
	switch {
	case typ == 1:
		return discover, nil
	case typ == 3 && binary.BigEndian.Uint32(b[12:]) != 0:
		return extending, nil
	case typ == 3 && has(54):
		return selecting, nil
	case typ == 3:
		return reboot, nil
	case typ == 4:
		return decline, nil
	case typ == 7:
		return release, nil
	}
	return rule{}, fmt.Errorf("message type %d is none of a client's", typ)
}

// header checks the fixed fields, bytes 0 to 239.
func header(b []byte, r rule) (errs []error) {
	want := func(what string, ok bool) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	zero := func(from, to int) bool { return !slices.ContainsFunc(b[from:to], func(c byte) bool { return c != 0 }) }
	want("op, htype, hlen or hops", slices.Equal(b[:4], []byte{1, 1, 6, 0}))
	want("xid is 0", !zero(4, 8))
	want("secs is not 0", !r.zeroSecs || zero(8, 10))
	want("flags", zero(10, 12) || r.broadcast && b[10] == 0x80 && b[11] == 0)
	want("ciaddr", zero(12, 16) != r.ciaddr)
	want("yiaddr, siaddr or giaddr", zero(16, 28))
	want("chaddr is empty or of a group", !zero(28, 34) && b[28]&1 == 0)
	want("chaddr beyond 6 bytes, sname or file", zero(34, 236))
	want("magic", slices.Equal(b[236:240], []byte{99, 130, 83, 99}))
	return errs
}
