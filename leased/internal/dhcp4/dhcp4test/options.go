// SPDX-License-Identifier: Apache-2.0

package dhcp4test

import (
	"errors"
	"fmt"
	"slices"
)

// Option is one option as it is on the wire.
type Option struct {
	Code  byte
	Value []byte
}

// Options reads a strict options field: each option whole, END, then zeros only.
func Options(b []byte) ([]Option, error) {
	var opts []Option
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 || len(b) < 2 || len(b) < 2+int(b[1]) {
			return nil, fmt.Errorf("padding or a cut option before END, at code %d", b[0])
		}
		opts = append(opts, Option{b[0], b[2 : 2+int(b[1])]})
		b = b[2+int(b[1]):]
	}
	if len(b) == 0 {
		return nil, errors.New("no END")
	}
	if slices.ContainsFunc(b[1:], func(c byte) bool { return c != 0 }) {
		return nil, errors.New("not only zeros behind END")
	}
	return opts, nil
}

func find(opts []Option, code byte) int {
	return slices.IndexFunc(opts, func(o Option) bool { return o.Code == code })
}

// options checks which options there are, their lengths and their order.
func options(opts []Option, r rule) (errs []error) {
	for _, c := range r.must {
		if find(opts, c) < 0 {
			errs = append(errs, fmt.Errorf("option %d is missing", c))
		}
	}
	for i, o := range opts {
		switch {
		case find(opts, o.Code) != i:
			errs = append(errs, fmt.Errorf("option %d twice", o.Code))
		case slices.Contains(r.not, o.Code),
			r.onlyCommon && !slices.Contains([]byte{50, 53, 54, 56, 61}, o.Code):
			errs = append(errs, fmt.Errorf("option %d must not be there", o.Code))
		case !lengthOK(o):
			errs = append(errs, fmt.Errorf("option %d has %d bytes or is 0", o.Code, len(o.Value)))
		}
	}
	if find(opts, 12) >= 0 && find(opts, 81) >= 0 {
		errs = append(errs, errors.New("12 and 81 together (RFC 4702 §3.1)"))
	}
	if i := find(opts, 55); i >= 0 {
		errs = append(errs, wishList(opts[i].Value))
	}
	return errs
}

func lengthOK(o Option) bool {
	switch n := len(o.Value); o.Code {
	case 50, 54:
		return n == 4 && !slices.Equal(o.Value, make([]byte, 4))
	case 80: // RFC 4039 §4
		return n == 0
	case 57:
		return n == 2 && int(o.Value[0])<<8+int(o.Value[1]) >= 576 // RFC 2132 §9.10
	case 61:
		return n >= 2
	default:
		return n >= 1
	}
}

// wishList checks the order within option 55.
func wishList(v []byte) error {
	at := func(c byte) int { return slices.Index(v, c) }
	for _, pair := range [][2]byte{{1, 3}, {121, 3}, {121, 33}, {121, 249}} {
		if at(pair[0]) < 0 || at(pair[1]) < 0 || at(pair[0]) > at(pair[1]) {
			return fmt.Errorf("option 55 must have %d before %d", pair[0], pair[1])
		}
	}
	return nil
}
