// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a non-blocking descriptor on the runtime's poller.
type socket struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool
}

func newSocket(fd int, name string) (*socket, error) {
	f := os.NewFile(uintptr(fd), name)
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &socket{file: f, raw: raw}, nil
}

// past is a deadline that wakes a waiting goroutine.
var past = time.Unix(1, 0)

// wait calls try until it returns something other than EAGAIN, and sleeps in the poller
// in between. It ends with ctx.Err(), or after shut with net.ErrClosed.
func (s *socket) wait(ctx context.Context, try func(fd int) error) error {
	s.file.SetReadDeadline(time.Time{})
	if s.closed.Load() { // after the line above, else it would undo what shut did
		return net.ErrClosed
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { s.file.SetReadDeadline(past); close(woken) })
	var got error
	err := s.raw.Read(func(fd uintptr) bool {
		got = try(int(fd))
		return got != unix.EAGAIN
	})
	if !stop() {
		<-woken // or a late wake-up would hit the next wait
	}
	if err == nil {
		return got
	}
	if s.closed.Load() {
		return net.ErrClosed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// control calls fn with the descriptor, at once. It never waits: a full buffer is an
// error like any other, because the lease machine retransmits anyway.
func (s *socket) control(fn func(fd int) error) error {
	if s.closed.Load() {
		return net.ErrClosed
	}
	var got error
	if err := s.raw.Control(func(fd uintptr) { got = fn(int(fd)) }); err != nil {
		return net.ErrClosed
	}
	return got
}

// shut wakes the receiver and refuses all further calls. It reports whether this was the
// first call; the caller then still has to close the descriptor.
func (s *socket) shut() bool {
	if s.closed.Swap(true) {
		return false
	}
	s.file.SetReadDeadline(past)
	return true
}
