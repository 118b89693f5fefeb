// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// ErrUnanswered stands for the answer that did not come: nothing is known of the message.
var ErrUnanswered = errors.New("the kernel did not answer")

// maxAnswer is more than any datagram of the kernel here: a link without its statistics,
// an acknowledgement with the message that it repeats, a part of a dump
// (NLMSG_GOODSIZE).
const maxAnswer = 8192

var buffers = sync.Pool{New: func() any { return new([maxAnswer]byte) }}

// Conn is a rtnetlink socket. It pins the network namespace in which it was opened. One
// goroutine at a time uses it.
type Conn struct {
	fd  int
	seq uint32 // of the last message sent
}

// Open opens a Conn in the calling thread's network namespace. Close it.
func Open() (*Conn, error) {
	fd, err := Socket(0)
	if err != nil {
		return nil, err
	}
	return New(fd), nil
}

// New returns a Conn on a socket that does not block, and owns the socket from then on.
func New(fd int) *Conn { return &Conn{fd: fd} }

// Socket opens a rtnetlink socket in the calling thread's network namespace, which hears
// the groups (a bit each, RTMGRP_…; 0: none). The socket is connected to the kernel: write
// sends to the kernel, and read returns only messages of the kernel. It does not block.
func Socket(groups uint32) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("open rtnetlink socket: %w", err)
	}
	if groups != 0 {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups})
	}
	if err == nil {
		// The kernel drops messages of other senders to a connected socket. A process in
		// the container could send answers of its own otherwise.
		err = unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect rtnetlink socket: %w", err)
	}
	return fd, nil
}

// FD returns the socket's descriptor, valid until Close.
func (c *Conn) FD() int { return c.fd }

// Close closes the socket.
func (c *Conn) Close() { unix.Close(c.fd) }

// Answer is the kernel's answer to one message.
type Answer struct {
	Err  error  // nil, an errno, or one that wraps ErrUnanswered
	Body []byte // of the message that was asked for; nil for an acknowledgement
}

// Ask sends one message and returns the body of its answer, as Do does.
func (c *Conn) Ask(kind, flags uint16, header []byte, attrs ...Attr) ([]byte, error) {
	var r Request
	r.Add(kind, flags, header, attrs...)
	a := c.Do(r)[0]
	return a.Body, a.Err
}

// Do sends the messages in one system call and returns the answer to each. All answers
// are in the socket's buffer before the call returns, so Do does not wait. A
// message that only changes something is answered if it has NLM_F_ACK.
func (c *Conn) Do(r Request) []Answer {
	answers := make([]Answer, r.n)
	for i := range answers {
		answers[i].Err = ErrUnanswered
	}
	first := c.seq + 1
	if err := c.write(&r); err != nil {
		for i := range answers {
			answers[i].Err = fmt.Errorf("%w: %w", ErrUnanswered, err)
		}
		return answers
	}
	buf := buffers.Get().(*[maxAnswer]byte)
	defer buffers.Put(buf)
	for missing := len(answers); missing > 0; {
		n, err := unix.Read(c.fd, buf[:])
		if err != nil || n == 0 { // EAGAIN: there are no more
			break
		}
		missing -= take(answers, first, buf[:n])
	}
	return answers
}

func (c *Conn) write(r *Request) error {
	r.number(c.seq + 1)
	c.seq += uint32(r.n)
	if r.n == 0 {
		return nil
	}
	_, err := unix.Write(c.fd, r.buf)
	return err
}

// take reads a datagram and returns how many messages it answers. It ignores answers to
// other requests, second answers, and a message that was cut.
func take(answers []Answer, first uint32, datagram []byte) (n int) {
	for m := range Messages(datagram) {
		i := m.Seq - first // unsigned: an int of 32 bits could be negative
		if i >= uint32(len(answers)) || !errors.Is(answers[i].Err, ErrUnanswered) {
			continue
		}
		switch {
		case m.Type >= unix.NLMSG_MIN_TYPE:
			answers[i] = Answer{Body: bytes.Clone(m.Body)}
		case m.Type == unix.NLMSG_ERROR && len(m.Body) >= 4:
			answers[i] = Answer{Err: errno(m.Body)}
		default:
			continue
		}
		n++
	}
	return n
}
