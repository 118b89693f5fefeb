// SPDX-License-Identifier: Apache-2.0

package dhcp6test

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Option is one option as it is on the wire.
type Option struct {
	Code  uint16
	Value []byte
}

// Options reads a strict options field: of a message from byte 4 on, of an IA_NA from 12
// and of an IA address from 24. Each option must be whole, and nothing may follow the
// last one.
func Options(b []byte) ([]Option, error) {
	var opts []Option
	for len(b) > 0 {
		if len(b) < 4 || len(b)-4 < int(binary.BigEndian.Uint16(b[2:])) {
			return nil, fmt.Errorf("a cut option behind %d whole ones: % x", len(opts), b[:min(len(b), 4)])
		}
		end := 4 + int(binary.BigEndian.Uint16(b[2:]))
		opts = append(opts, Option{binary.BigEndian.Uint16(b), b[4:end]})
		b = b[end:]
	}
	return opts, nil
}

func find(opts []Option, code uint16) int {
	return slices.IndexFunc(opts, func(o Option) bool { return o.Code == code })
}

// Value returns the value of the first option code of a whole message. It is nil if
// there is none or the options cannot be told apart, and empty but not nil if it has no
// bytes.
func Value(msg []byte, code uint16) []byte {
	if len(msg) < 4 {
		return nil
	}
	opts, err := Options(msg[4:])
	if i := find(opts, code); err == nil && i >= 0 {
		return opts[i].Value
	}
	return nil
}
