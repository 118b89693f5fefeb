// SPDX-License-Identifier: Apache-2.0

// Package dhcp6test has the helpers for DHCPv6 that tests of several packages need: a
// golden check of a client's messages, and a server's messages built by hand, also
// malformed ones. It uses neither our codec nor the library's, so that it can find their
// mistakes.
package dhcp6test

import (
	"errors"
	"fmt"
	"slices"
)

// maxLen is the smallest MTU of IPv6, 1280 bytes, less IPv6 and UDP headers.
const maxLen = 1280 - 40 - 8

// rule says which options a message of one type must and may have (RFC 8415 §16, §18.2,
// appendix B; RFC 4704 §5 for 39). All others it must not have: those that the RFC
// forbids there and those that we never send.
type rule struct {
	name      string
	must, may []uint16
	ask       []uint16 // what option 6 must ask for
	addrs     bool     // the IA_NA must have an address in it
}

var rules = map[byte]rule{
	1:  {name: "SOLICIT", must: []uint16{1, 3, 6, 8}, may: []uint16{14, 15, 39}, ask: []uint16{82}},
	3:  {name: "REQUEST", must: []uint16{1, 2, 3, 6, 8}, may: []uint16{15, 39}, ask: []uint16{82}},
	4:  {name: "CONFIRM", must: []uint16{1, 3, 8}, may: []uint16{15}, addrs: true},
	5:  {name: "RENEW", must: []uint16{1, 2, 3, 6, 8}, may: []uint16{15, 39}, ask: []uint16{82}},
	6:  {name: "REBIND", must: []uint16{1, 3, 6, 8}, may: []uint16{15, 39}, ask: []uint16{82}},
	8:  {name: "RELEASE", must: []uint16{1, 2, 3, 8}, may: []uint16{15}, addrs: true},
	9:  {name: "DECLINE", must: []uint16{1, 2, 3, 8}, may: []uint16{15}, addrs: true},
	11: {name: "INFORMATION-REQUEST", must: []uint16{6, 8}, may: []uint16{1, 15}, ask: []uint16{32, 83}},
}

// Check returns an error that lists everything in a client's message, a UDP payload,
// that RFC 8415 or our own rules (no transaction ID 0, no option that a client does not
// send, nothing larger than the smallest MTU) forbid.
func Check(b []byte) error {
	if len(b) < 4 || len(b) > maxLen {
		return fmt.Errorf("length %d, want 4 to %d", len(b), maxLen)
	}
	r, ok := rules[b[0]]
	if !ok {
		return fmt.Errorf("message type %d is none of a client's", b[0])
	}
	opts, err := Options(b[4:])
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	errs := presence(opts, r)
	if slices.Equal(b[1:4], []byte{0, 0, 0}) {
		errs = append(errs, errors.New("transaction ID is 0"))
	}
	for _, o := range opts {
		if err := value(o, r); err != nil {
			errs = append(errs, fmt.Errorf("option %d: %w", o.Code, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

// presence checks which options there are. All that a client sends may come once
// (§24, table 4), the IA_NA too, of which an attachment has one.
func presence(opts []Option, r rule) (errs []error) {
	for _, c := range r.must {
		if find(opts, c) < 0 {
			errs = append(errs, fmt.Errorf("option %d is missing", c))
		}
	}
	for i, o := range opts {
		switch {
		case find(opts, o.Code) != i:
			errs = append(errs, fmt.Errorf("option %d twice", o.Code))
		case !slices.Contains(r.must, o.Code) && !slices.Contains(r.may, o.Code):
			errs = append(errs, fmt.Errorf("option %d must not be there", o.Code))
		}
	}
	return errs
}

func value(o Option, r rule) error {
	switch o.Code {
	case 1, 2:
		return length(o.Value, 3, 130) // a type of 2 bytes and 1 to 128 more (§11.1)
	case 3:
		return association(o.Value, r)
	case 6:
		return wishList(o.Value, r)
	case 8:
		return length(o.Value, 2, 2)
	case 14:
		return length(o.Value, 0, 0)
	case 15:
		return classes(o.Value)
	case 39:
		return fqdn(o.Value)
	}
	return nil
}
