// SPDX-License-Identifier: Apache-2.0

package dhcp6test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// Rebuild returns a message that has the facts of a capture, with another transaction ID and IAID.
func Rebuild(t testing.TB, c testlan.Capture, xid, iaid uint32) []byte {
	t.Helper()
	c.Facts = slices.Clone(c.Facts)
	for i, fact := range c.Facts {
		c.Facts[i] = strings.ReplaceAll(fact, "iaid", fmt.Sprintf("%08x", iaid))
	}
	var typ byte
	fmt.Sscan(c.Facts[0], &typ)
	return Server{Type: typ, XID: xid, Options: [][]byte{testlan.Rebuild{T: t, Option: option}.Options(c)}}.Bytes()
}

// option returns one option that says another length than that of its value, if length is not -1.
func option(code uint16, val []byte, length int) []byte {
	o := Opt(code, val...)
	if length >= 0 {
		binary.BigEndian.PutUint16(o[2:], uint16(length))
	}
	return o
}
