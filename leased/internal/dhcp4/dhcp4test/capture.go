// SPDX-License-Identifier: Apache-2.0

package dhcp4test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// Rebuild returns a message that has the facts of a capture, with another transaction ID and MAC.
func Rebuild(t testing.TB, c testlan.Capture, xid uint32, mac net.HardwareAddr) []byte {
	t.Helper()
	f := testlan.Rebuild{T: t, Option: option}
	b := Server{
		XID: xid, MAC: mac, SName: f.Value(c.Field("sname")), File: f.Value(c.Field("file")),
		Options: [][]byte{f.Options(c)}, NoEnd: true,
	}.Bytes()
	if short := c.Facts[0]; strings.HasPrefix(short, "short=") {
		var n int
		fmt.Sscanf(short, "short=%d", &n)
		return b[:n]
	}
	fmt.Sscanf(c.Facts[0], "%d.%d.%d.%d", &b[0], &b[1], &b[2], &b[3])
	for key, at := range map[string]int{"flags": 10, "ci": 12, "yi": 16, "si": 20, "gi": 24, "dirt": 34, "magic": 236} {
		copy(b[at:], f.Value(c.Field(key)))
	}
	return b
}

// option returns one option that says another length than that of its value, if length is not -1.
func option(code uint16, val []byte, length int) []byte {
	o := Opt(byte(code), val...)
	if length >= 0 {
		o[1] = byte(length)
	}
	return o
}
