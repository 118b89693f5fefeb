// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// turn is how long a caller waits before it asks again whether leased has room for it.
const turn = 2 * time.Millisecond

// connect opens a connection to the unix socket at path. It does without net.Dialer, whose
// resolver is half a megabyte of program.
func connect(ctx context.Context, path string) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := await(ctx, fd, path); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil // non-blocking, so Close ends a Read
}

// await connects a socket. As long as the listener's queue is full, the kernel says EAGAIN to a
// non-blocking socket (unix(7)), and has no event for the moment when there is room.
func await(ctx context.Context, fd int, path string) error {
	for {
		err := unix.Connect(fd, &unix.SockaddrUnix{Name: path})
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil:
			return nil
		case !errors.Is(err, unix.EAGAIN):
			return &os.PathError{Op: "connect", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(turn):
		}
	}
}
