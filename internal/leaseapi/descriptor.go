// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// messages is the part of net.UnixConn that receives descriptors. ReadMsgUnix marks them
// close-on-exec.
type messages interface {
	ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
}

// descriptors reads a stream of bytes, and keeps a descriptor that came with them (SCM_RIGHTS,
// unix(7)). It keeps one at most, and closes all further ones at once.
type descriptors struct {
	conn     messages
	received int64 // bytes
	// Room for one descriptor, behind a peer's credentials if the socket asks for them
	// (SO_PASSCRED). The kernel drops what does not fit.
	control [64]byte

	mu     sync.Mutex
	held   bool
	fd     int
	at     int64 // how many bytes were received up to the end of those that fd came with
	closed bool
}

func (d *descriptors) Read(b []byte) (int, error) {
	n, controlled, flags, _, err := d.conn.ReadMsgUnix(b, d.control[:])
	d.received += int64(max(n, 0))
	if controlled > 0 {
		d.keep(rights(d.control[:controlled]), flags&unix.MSG_CTRUNC != 0)
	}
	return max(n, 0), err // an io.Reader may not say -1
}

// rights returns the descriptors in control messages. Other kinds of messages have none.
func rights(control []byte) (fds []int) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if more, err := syscall.ParseUnixRights(&m); err == nil {
			fds = append(fds, more...)
		}
	}
	return fds
}

// keep keeps the first of fds if none is held. Of a list that is cut (too many descriptors, or
// our limit is reached) it keeps none: the first may not be the one that was meant.
func (d *descriptors) keep(fds []int, cut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(fds) > 0 && !cut && !d.held && !d.closed {
		d.held, d.fd, d.at = true, fds[0], d.received
		fds = fds[1:]
	}
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// take hands over the descriptor if it came with the first n bytes of the stream.
func (d *descriptors) take(n int64) (fd int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.held || d.at > n {
		return -1, false
	}
	d.held = false
	return d.fd, true
}

func (d *descriptors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		_ = unix.Close(d.fd)
	}
	d.held, d.closed = false, true
}
