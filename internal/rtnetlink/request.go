// SPDX-License-Identifier: Apache-2.0

// Package rtnetlink asks the kernel about links, addresses, routes and network
// namespaces, and changes them. It builds messages with attributes, sends several of them
// in one system call, and reads their answers. The formats are in rtnetlink(7),
// linux/netlink.h, linux/rtnetlink.h and linux/if_link.h; the constants are those of
// golang.org/x/sys/unix.
//
// A netlink library does much more. But it sends one message at a time, its buffer of
// 64 KiB on the stack makes each new goroutine grow its stack first, and the small
// programs would carry it for a handful of messages.
package rtnetlink

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

var native = binary.NativeEndian

// Request is a row of messages. The kernel carries them out in their order; a message
// that fails does not stop the next one (netlink_rcv_skb in net/netlink/af_netlink.c). The
// zero Request is empty.
type Request struct {
	buf []byte
	n   int // messages
}

// Add appends a message of a kind (RTM_…) with flags (NLM_F_…; NLM_F_REQUEST is always
// among them). The header is the struct that belongs to the kind, such as LinkHeader; its
// length is a multiple of 4.
func (r *Request) Add(kind, flags uint16, header []byte, attrs ...Attr) {
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, unix.SizeofNlMsghdr)...)
	r.buf = append(r.buf, header...)
	r.buf = appendAttrs(r.buf, attrs)
	m := r.buf[start:]
	native.PutUint32(m, uint32(len(m)))
	native.PutUint16(m[4:], kind)
	native.PutUint16(m[6:], unix.NLM_F_REQUEST|flags)
	r.n++
}

// Len returns how many messages there are.
func (r *Request) Len() int { return r.n }

// number gives the messages sequence numbers, from first on.
func (r *Request) number(first uint32) {
	for b := r.buf; len(b) > 0; b = b[native.Uint32(b):] {
		native.PutUint32(b[8:], first)
		first++
	}
}

// Attr is an attribute of a message: struct rtattr.
type Attr struct {
	Type  uint16
	Value []byte // at most 65531 bytes
}

// Uint32 returns an attribute with a number.
func Uint32(kind uint16, n uint32) Attr { return Attr{kind, native.AppendUint32(nil, n)} }

// String returns an attribute with a text, which ends with a zero byte.
func String(kind uint16, text string) Attr { return Attr{kind, append([]byte(text), 0)} }

// Nested returns an attribute that holds others.
func Nested(kind uint16, attrs ...Attr) Attr { return Attr{kind, appendAttrs(nil, attrs)} }

// NestedLink returns an attribute that holds a struct ifinfomsg of zeros, then others.
func NestedLink(kind uint16, attrs ...Attr) Attr {
	return Attr{kind, appendAttrs(LinkHeader(0, 0, 0), attrs)}
}

// LinkHeader returns a struct ifinfomsg: the link with that ifindex (0: an attribute
// names the link), and its flags (IFF_…), of which the kernel sets those in change.
func LinkHeader(index int, flags, change uint32) []byte {
	h := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(h[4:], uint32(index))
	native.PutUint32(h[8:], flags)
	native.PutUint32(h[12:], change)
	return h
}

func appendAttrs(b []byte, attrs []Attr) []byte {
	size := 0
	for _, a := range attrs {
		size += align(unix.SizeofRtAttr + len(a.Value))
	}
	b = slices.Grow(b, size)
	for _, a := range attrs {
		b = native.AppendUint16(b, uint16(unix.SizeofRtAttr+len(a.Value)))
		b = native.AppendUint16(b, a.Type)
		b = append(b, a.Value...)
		for len(b)%unix.NLMSG_ALIGNTO != 0 {
			b = append(b, 0)
		}
	}
	return b
}

// align rounds a length up to that of NLMSG_ALIGN and RTA_ALIGN.
func align(n int) int { return (n + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1) }
