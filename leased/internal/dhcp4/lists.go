// SPDX-License-Identifier: Apache-2.0

package dhcp4

import (
	"net/netip"
	"slices"
)

// lists returns the value of an option that is a list. Its copies are the parts of one value (RFC
// 3396) if that value is whole. Otherwise each copy is a list of its own: what is malformed in one
// copy, padding too, must not shift the next.
func (o options) lists(code uint8, whole func(v []byte) bool) (lists [][]byte) {
	v, from := o.all[code], 0
	if len(o.cuts[code]) == 0 || whole(v) {
		return [][]byte{v}
	}
	for _, cut := range append(o.cuts[code], len(v)) {
		lists, from = append(lists, v[from:cut]), cut
	}
	return lists
}

// addrs reads a list of groups of n addresses. A rest that is no group is left out; 0.0.0.0 is invalid.
func (o options) addrs(code uint8, n int) (all []netip.Addr) {
	for _, v := range o.lists(code, func(v []byte) bool { return len(v)%(4*n) == 0 }) {
		for a := range slices.Chunk(v[:len(v)-len(v)%(4*n)], 4) {
			all = append(all, addr(a))
		}
	}
	return all
}
