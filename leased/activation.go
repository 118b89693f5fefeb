// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// firstPassed is the first descriptor that systemd passes: SD_LISTEN_FDS_START.
const firstPassed = 3

var errPassed = errors.New("systemd must pass exactly one unix socket; see: systemctl cat leased.socket")

// passed takes the socket that systemd made, by the protocol of sd_listen_fds(3). It
// returns nil when systemd has passed nothing to this process. The variables of the
// protocol are unset, so that a child does not take them for its own.
func passed() (net.Listener, error) {
	n := passedTo(os.Getpid())
	for _, name := range []string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	switch n {
	case 0:
		return nil, nil
	case 1:
		return listenOn(firstPassed)
	}
	return nil, errPassed
}

// passedTo is how many descriptors systemd passes to the process.
func passedTo(pid int) int {
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n < 0 || os.Getenv("LISTEN_PID") != strconv.Itoa(pid) {
		return 0
	}
	return n
}

// listenOn takes over a descriptor, which must be a unix stream socket that listens.
func listenOn(fd int) (net.Listener, error) {
	for option, want := range map[int]int{unix.SO_DOMAIN: unix.AF_UNIX, unix.SO_TYPE: unix.SOCK_STREAM, unix.SO_ACCEPTCONN: 1} {
		if got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option); err != nil || got != want {
			return nil, errPassed
		}
	}
	f := os.NewFile(uintptr(fd), "systemd's socket")
	defer f.Close() // the listener has its own descriptor, which no child inherits
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("take systemd's socket: %w", err)
	}
	return l, nil
}
