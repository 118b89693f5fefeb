// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import (
	"iter"

	"golang.org/x/sys/unix"
)

// Message is a message of the kernel.
type Message struct {
	Type, Flags uint16 // RTM_… or NLMSG_…, NLM_F_…
	Seq         uint32 // of the message that it answers
	Body        []byte // the kind's header and attributes; part of the datagram
}

// Messages returns the messages of a datagram, up to the first that is cut or malformed.
func Messages(datagram []byte) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for b := datagram; len(b) >= unix.SizeofNlMsghdr; {
			size := uint64(native.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > uint64(len(b)) {
				return
			}
			m := Message{native.Uint16(b[4:]), native.Uint16(b[6:]), native.Uint32(b[8:]), b[unix.SizeofNlMsghdr:size]}
			if !yield(m) {
				return
			}
			b = b[min(len(b), align(int(size))):]
		}
	}
}

// Attrs returns the attributes in b by type, without the flags in the type
// (NLA_F_NESTED), up to the first that is malformed. If b begins with a header, the
// caller cuts it off.
func Attrs(b []byte) iter.Seq2[uint16, []byte] {
	const typeMask = 0x3fff // NLA_TYPE_MASK
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofRtAttr {
			size := int(native.Uint16(b))
			if size < unix.SizeofRtAttr || size > len(b) || !yield(native.Uint16(b[2:])&typeMask, b[unix.SizeofRtAttr:size]) {
				return
			}
			b = b[min(len(b), align(size)):]
		}
	}
}

// Number returns the number in an attribute of 4 bytes; 0 if it is shorter.
func Number(value []byte) uint32 {
	if len(value) < 4 {
		return 0
	}
	return native.Uint32(value)
}

// errno returns the errno at the beginning of NLMSG_ERROR and NLMSG_DONE; nil is an
// acknowledgement.
func errno(body []byte) error {
	if no := -int32(Number(body)); no != 0 {
		return unix.Errno(no)
	}
	return nil
}
