// SPDX-License-Identifier: Apache-2.0

package dhcp4test

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// Server is a server's message, field by field, for Bytes to put together
// whatever it is worth.
type Server struct {
	XID     uint32
	MAC     net.HardwareAddr
	Your    netip.Addr // invalid: 0.0.0.0
	SName   []byte     // up to 64 bytes, cut there
	File    []byte     // up to 128 bytes, cut there
	Options [][]byte   // raw, one after the other
	NoEnd   bool       // leave out END
}

// Bytes returns the message as UDP payload: op 2, htype 1, hlen 6 and magic are
// right; spoil them afterwards.
func (s Server) Bytes() []byte {
	b := make([]byte, 240, 576)
	copy(b, []byte{2, 1, 6, 0})
	binary.BigEndian.PutUint32(b[4:], s.XID)
	if s.Your.Is4() {
		copy(b[16:20], s.Your.AsSlice())
	}
	copy(b[28:34], s.MAC)
	copy(b[44:108], s.SName)
	copy(b[108:236], s.File)
	copy(b[236:], []byte{99, 130, 83, 99})
	for _, o := range s.Options {
		b = append(b, o...)
	}
	if s.NoEnd {
		return b
	}
	return append(b, 255)
}

// Opt returns one option; its length byte is that of val.
func Opt(code byte, val ...byte) []byte { return append([]byte{code, byte(len(val))}, val...) }

// OptText returns one option whose value is text.
func OptText(code byte, val string) []byte { return Opt(code, []byte(val)...) }

// OptAddr returns one option whose value is a list of IPv4 addresses.
func OptAddr(code byte, addrs ...string) []byte {
	var v []byte
	for _, a := range addrs {
		v = append(v, netip.MustParseAddr(a).AsSlice()...)
	}
	return Opt(code, v...)
}

// OptTime returns one option whose value is a time in seconds.
func OptTime(code byte, secs uint32) []byte {
	return Opt(code, binary.BigEndian.AppendUint32(nil, secs)...)
}
