// SPDX-License-Identifier: Apache-2.0

package dhcp6test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

func length(v []byte, least, most int) error {
	if len(v) < least || len(v) > most {
		return fmt.Errorf("%d bytes, want %d to %d", len(v), least, most)
	}
	return nil
}

// association checks an IA_NA: T1 and T2 are 0, and there is nothing in it but
// addresses, each once (§21.4).
func association(v []byte, r rule) error {
	if len(v) < 12 {
		return length(v, 12, 0xffff)
	}
	if !zero(v[4:12]) {
		return errors.New("T1 or T2 is not 0")
	}
	opts, err := Options(v[12:])
	if err != nil {
		return err
	}
	if r.addrs && len(opts) == 0 {
		return errors.New("no address in it")
	}
	var seen []netip.Addr
	for _, o := range opts {
		if err := address(o); err != nil {
			return fmt.Errorf("option %d in it: %w", o.Code, err)
		}
		a := netip.AddrFrom16([16]byte(o.Value[:16]))
		if slices.Contains(seen, a) {
			return fmt.Errorf("%s twice", a)
		}
		seen = append(seen, a)
	}
	return nil
}

// address checks an IA address: lifetimes are 0 and no options are in it (§21.6).
func address(o Option) error {
	if o.Code != 5 {
		return errors.New("must not be there")
	}
	if len(o.Value) != 24 {
		return length(o.Value, 24, 24)
	}
	a := netip.AddrFrom16([16]byte(o.Value[:16]))
	if a.Is4In6() || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return fmt.Errorf("%s is no address that a server gives", a)
	}
	if !zero(o.Value[16:]) {
		return errors.New("a lifetime is not 0")
	}
	return nil
}

func zero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }

// unasked may not be in option 6 (§21.7).
var unasked = []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 25, 26}

// wishList checks option 6.
func wishList(v []byte, r rule) error {
	if len(v) == 0 || len(v)%2 != 0 {
		return fmt.Errorf("%d bytes", len(v))
	}
	var codes []uint16
	for pair := range slices.Chunk(v, 2) {
		c := binary.BigEndian.Uint16(pair)
		// The refresh time must be asked for in no other message (§21.23).
		if slices.Contains(unasked, c) || slices.Contains(codes, c) || c == 32 && !slices.Contains(r.ask, c) {
			return fmt.Errorf("%d must not be asked for, or not twice", c)
		}
		codes = append(codes, c)
	}
	for _, c := range r.ask {
		if !slices.Contains(codes, c) {
			return fmt.Errorf("%d is not asked for", c)
		}
	}
	return nil
}

// classes checks option 15: one or more classes, each preceded by its length (§21.15).
func classes(v []byte) error {
	if len(v) == 0 {
		return errors.New("no class in it")
	}
	for len(v) > 0 {
		if len(v) < 2 || int(binary.BigEndian.Uint16(v)) > len(v)-2 {
			return errors.New("a class runs beyond its end")
		}
		n := int(binary.BigEndian.Uint16(v))
		if n == 0 {
			return errors.New("an empty class")
		}
		v = v[2+n:]
	}
	return nil
}

// fqdn checks option 39: the flag S and no other (RFC 4704 §4.1, §5.2), and one name,
// uncompressed, ended by the root label or partial (§4.2).
func fqdn(v []byte) error {
	if len(v) < 3 || len(v) > 1+255 || v[0] != 1 {
		return fmt.Errorf("%d bytes, flags % x", len(v), v[:min(len(v), 1)])
	}
	for v = v[1:]; len(v) > 0; {
		n := int(v[0])
		if n == 0 && len(v) == 1 {
			return nil
		}
		if n == 0 || n > 63 || n > len(v)-1 {
			return fmt.Errorf("label of %d bytes, %d behind it", n, len(v)-1)
		}
		v = v[1+n:]
	}
	return nil
}
