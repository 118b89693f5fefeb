// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/binary"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// This file sends several rtnetlink messages in one system call and reads their answers.
// The kernel carries out the messages in their order; a message that fails does not stop
// the next one (netlink_rcv_skb in net/netlink/af_netlink.c). All answers are in the
// socket's buffer before the call returns. The library sends one message at a time, and
// its Receive has a buffer of 64 KiB on the stack, which each new goroutine must grow
// first.

var native = binary.NativeEndian

// request is a row of messages.
type request struct {
	buf   []byte
	first uint32 // sequence number of the first message; the next ones follow
	n     uint32 // messages
}

// attribute is an attribute of a message: struct rtattr of linux/rtnetlink.h.
type attribute struct {
	kind  uint16
	value []byte
}

// add appends a message with its header and attributes.
func (r *request) add(kind, flags uint16, header []byte, attrs ...attribute) {
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, unix.SizeofNlMsghdr)...)
	r.buf = append(r.buf, header...)
	for _, a := range attrs {
		r.buf = native.AppendUint16(r.buf, uint16(unix.SizeofRtAttr+len(a.value)))
		r.buf = native.AppendUint16(r.buf, a.kind)
		r.buf = append(r.buf, a.value...)
		for len(r.buf)%unix.NLMSG_ALIGNTO != 0 {
			r.buf = append(r.buf, 0)
		}
	}
	m := r.buf[start:]
	native.PutUint32(m, uint32(len(m)))
	native.PutUint16(m[4:], kind)
	native.PutUint16(m[6:], unix.NLM_F_REQUEST|flags)
	native.PutUint32(m[8:], r.first+r.n)
	r.n++
}

// errUnanswered stands for the answer that did not come: nothing is known of the message.
var errUnanswered = errors.New("the kernel did not answer")

// answers holds the answer to each message of a request: nil, an errno, or errUnanswered.
type answers struct {
	first uint32
	errs  []error
	link  iface // of an answer that is a link
}

func unanswered(r request) answers {
	a := answers{first: r.first, errs: make([]error, r.n)}
	for i := range a.errs {
		a.errs[i] = errUnanswered
	}
	return a
}

// maxAnswer is more than a link without its statistics has, or an acknowledgement with
// the message that it repeats.
const maxAnswer = 4096

// exchange sends the messages and reads their answers. Whatever goes wrong leaves answers
// out.
func (c *Conn) exchange(r request) answers {
	a := unanswered(r)
	fd, err := c.socket()
	if err != nil || r.n == 0 {
		return a
	}
	if _, err := unix.Write(fd, r.buf); err != nil {
		return a
	}
	if c.buf == nil {
		c.buf = make([]byte, maxAnswer)
	}
	for missing := len(a.errs); missing > 0; {
		n, err := unix.Read(fd, c.buf)
		if err != nil || n == 0 { // EAGAIN: there are no more
			break
		}
		missing -= a.take(c.buf[:n])
	}
	return a
}

// take reads a datagram and returns how many messages it answers. It ignores answers to
// other requests, and a datagram that was cut.
func (a *answers) take(datagram []byte) (n int) {
	messages, err := syscall.ParseNetlinkMessage(datagram)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		i := m.Header.Seq - a.first // unsigned: an int of 32 bits could be negative
		if i >= uint32(len(a.errs)) || !errors.Is(a.errs[i], errUnanswered) {
			continue
		}
		switch {
		case m.Header.Type == unix.RTM_NEWLINK && len(m.Data) >= unix.SizeofIfInfomsg:
			a.link, a.errs[i] = parseLink(m.Data), nil
		case m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4:
			a.errs[i] = errno(m.Data)
		default:
			continue
		}
		n++
	}
	return n
}

func errno(data []byte) error {
	if no := -int32(native.Uint32(data)); no != 0 {
		return unix.Errno(no)
	}
	return nil
}
