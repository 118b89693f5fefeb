// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// A context that ends while something arrives must wake this wait or none: not
// the next one, whose context goes on.
func TestWaitLeavesNoLateWakeUp(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fds[1])
	s, err := newSocket(fds[0], "socketpair")
	must(t, err)
	defer s.file.Close()
	read := func(fd int) error { _, err := unix.Read(fd, make([]byte, 1)); return err }
	for range 5000 {
		ctx, cancel := context.WithCancel(t.Context())
		unix.Write(fds[1], []byte{1})
		go cancel()
		if err := s.wait(ctx, read); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		<-ctx.Done()
		unix.Write(fds[1], []byte{1})
		must(t, s.wait(t.Context(), read))
		for read(fds[0]) == nil { // what a cancelled wait has left
		}
	}
}

// shut wakes whoever waits by itself: the descriptor may stay open for long.
func TestShutWakesTheWaiter(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fds[1])
	s, err := newSocket(fds[0], "socketpair")
	must(t, err)
	defer s.file.Close()
	tried, done := make(chan struct{}), make(chan error)
	go func() {
		done <- s.wait(t.Context(), func(int) error { close(tried); return unix.EAGAIN })
	}()
	<-tried
	if !s.shut() || s.shut() {
		t.Error("the first call is not the first, or the second is")
	}
	wantError(t, within(t, done), net.ErrClosed)
}
