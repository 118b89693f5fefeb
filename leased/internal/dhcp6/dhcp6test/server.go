// SPDX-License-Identifier: Apache-2.0

package dhcp6test

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// The message types that a server sends to a client (RFC 8415 §7.3).
const (
	Advertise   = 2
	Reply       = 7
	Reconfigure = 10
)

// Server is a server's message, field by field, for Bytes to put together whatever
// it is worth.
type Server struct {
	Type    byte
	XID     uint32   // the lower 24 bits
	Client  []byte   // option 1; nil: left out
	Server  []byte   // option 2; nil: left out
	Options [][]byte // raw, one after the other, after the two
}

// Answer begins a message of a type and from a server that answers a client's message:
// with its transaction ID, and its DUID or nil.
func Answer(msg []byte, typ byte, server []byte, opts ...[]byte) Server {
	s := Server{Type: typ, Client: Value(msg, 1), Server: server, Options: opts}
	if len(msg) >= 4 {
		s.XID = binary.BigEndian.Uint32(msg) & 0xffffff
	}
	return s
}

// Bytes returns the message as UDP payload.
func (s Server) Bytes() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(s.Type)<<24|s.XID&0xffffff)
	if s.Client != nil {
		b = append(b, Opt(1, s.Client...)...)
	}
	if s.Server != nil {
		b = append(b, Opt(2, s.Server...)...)
	}
	for _, o := range s.Options {
		b = append(b, o...)
	}
	return b
}

// Opt returns one option; its length is that of val.
func Opt(code uint16, val ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, code)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(val))), val...)
}

// OptAddr returns one option whose value is a list of IPv6 addresses.
func OptAddr(code uint16, addrs ...string) []byte {
	var v []byte
	for _, a := range addrs {
		v = append(v, netip.MustParseAddr(a).AsSlice()...)
	}
	return Opt(code, v...)
}

// OptTime returns one option whose value is a time in seconds.
func OptTime(code uint16, secs uint32) []byte {
	return Opt(code, binary.BigEndian.AppendUint32(nil, secs)...)
}

// OptNames returns one option whose value is a list of domain names, uncompressed.
func OptNames(code uint16, names ...string) []byte {
	var v []byte
	for _, name := range names {
		for label := range strings.SplitSeq(name, ".") {
			v = append(append(v, byte(len(label))), label...)
		}
		v = append(v, 0)
	}
	return Opt(code, v...)
}

// OptStatus returns option 13.
func OptStatus(status uint16, text string) []byte {
	return Opt(13, append(binary.BigEndian.AppendUint16(nil, status), text...)...)
}

// OptIA returns option 3, an IA_NA, with options in it.
func OptIA(iaid, t1, t2 uint32, opts ...[]byte) []byte {
	v := numbers(iaid, t1, t2)
	for _, o := range opts {
		v = append(v, o...)
	}
	return Opt(3, v...)
}

// OptIAAddr returns option 5, an address for an IA_NA, with options in it.
func OptIAAddr(addr string, preferred, valid uint32, opts ...[]byte) []byte {
	v := append(netip.MustParseAddr(addr).AsSlice(), numbers(preferred, valid)...)
	for _, o := range opts {
		v = append(v, o...)
	}
	return Opt(5, v...)
}

func numbers(ns ...uint32) (v []byte) {
	for _, n := range ns {
		v = binary.BigEndian.AppendUint32(v, n)
	}
	return v
}
