// SPDX-License-Identifier: Apache-2.0

// Package pipe is one call of leased by plain system calls, for a program that lives for this call
// alone. The package imports nothing that syscall does not import: each further package, os, time
// and x/sys/unix too, makes the start of such a program slower. So times are in nanoseconds.
package pipe

import (
	"errors"
	"syscall"
)

// DefaultSocket is where leased listens; the environment's LEASED_SOCKET
// overrides it.
const DefaultSocket = "/run/leased/leased.sock"

// The methods of io.leased that a Call may call.
const (
	MethodSetup    = "io.leased.Setup"
	MethodTeardown = "io.leased.Teardown"
)

// MaxFrame is the largest message that either side accepts, in bytes.
const MaxFrame = 64 << 10

// ShortestPatience is how long a caller of Setup waits at the least, in nanoseconds: the shortest
// lease_timeout, and 5 s for leased to answer.
const ShortestPatience = 6_000_000_000

// TeardownPatience is how long a caller of Teardown waits, in nanoseconds. Podman holds its network
// lock meanwhile, and has no timeout of its own.
const TeardownPatience = 5_000_000_000

// Socket returns the path of leased's socket.
func Socket() string {
	if s, _ := syscall.Getenv("LEASED_SOCKET"); s != "" {
		return s
	}
	return DefaultSocket
}

// Call is a call of leased.
type Call struct {
	// FD is the connection, a blocking socket that is close-on-exec; -1: leased got no call.
	FD int
	// Begun is the time of the call, in nanoseconds of CLOCK_MONOTONIC.
	Begun int64

	patience int64
}

// Send connects to leased and sends it a whole message, with a descriptor if that is not -1. Send
// and Reply wait for patience in all, in nanoseconds.
func Send(message []byte, descriptor int, patience int64) Call {
	c := Call{FD: -1, Begun: Now(), patience: patience}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return c
	}
	c.FD = fd
	if !c.send(message, descriptor) {
		c.Close()
	}
	return c
}

func (c *Call) send(message []byte, descriptor int) bool {
	leased := &syscall.SockaddrUnix{Name: Socket()}
	err := c.within(syscall.SO_SNDTIMEO, func() error { return syscall.Connect(c.FD, leased) })
	if err != nil {
		return false
	}
	var rights []byte
	if descriptor >= 0 {
		rights = syscall.UnixRights(descriptor)
	}
	var n int
	err = c.within(syscall.SO_SNDTIMEO, func() (err error) {
		n, err = syscall.SendmsgN(c.FD, message, rights, nil, syscall.MSG_NOSIGNAL)
		return err
	})
	return err == nil && n == len(message)
}

// within makes a system call in the time that is left, and repeats it if a signal interrupts it.
// SO_SNDTIMEO is for connect, too (unix(7)).
func (c *Call) within(option int, call func() error) error {
	const microsecond = 1000 // 0: for ever
	for {
		left := syscall.NsecToTimeval(max(c.patience-(Now()-c.Begun), microsecond))
		if err := syscall.SetsockoptTimeval(c.FD, syscall.SOL_SOCKET, option, &left); err != nil {
			return err
		}
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// Reply waits for leased's reply and returns it in room, without its NUL. The reply stays in the
// socket, so that another program can read the connection from the start. Reply returns nil if
// leased hangs up, does not answer in time, or says more or less than one reply at once.
func (c *Call) Reply(room []byte) []byte {
	n := 0
	err := c.within(syscall.SO_RCVTIMEO, func() (err error) {
		n, _, err = syscall.Recvfrom(c.FD, room, syscall.MSG_PEEK)
		return err
	})
	if err != nil {
		return nil
	}
	for i, b := range room[:max(n, 0)] {
		if b == 0 && i == n-1 {
			return room[:i]
		}
		if b == 0 {
			break
		}
	}
	return nil
}

// Close hangs up. Before the reply to Setup this means: undo.
func (c *Call) Close() {
	if c.FD >= 0 {
		_ = syscall.Close(c.FD)
	}
	c.FD = -1
}
