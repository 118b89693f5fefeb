// SPDX-License-Identifier: Apache-2.0

package helper

import (
	"fmt"
	"net"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// start starts a helper for one request: where systemd does not, leased is root's and has all
// rights itself. end kills it.
func (c Client) start() (conn *net.UnixConn, end func(), err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket for the helper: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "helper")
	defer theirs.Close()
	if conn, err = take(pair[0]); err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(c.Program)
	cmd.Stdin, cmd.Stderr = theirs, os.Stderr
	if err := cmd.Start(); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("start the helper: %v", err)
	}
	return conn, func() {
		conn.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}, nil
}

// take makes a connection of a descriptor, which it takes over.
func take(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close() // the connection has its own descriptor
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("take a socket: %w", err)
	}
	if conn, ok := conn.(*net.UnixConn); ok {
		return conn, nil
	}
	conn.Close()
	return nil, fmt.Errorf("take a socket: not a unix socket: %s", conn.LocalAddr().Network())
}
