// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Rtnetlink opens a rtnetlink socket inside the namespace, for programs that build their
// own requests. The socket is connected to the kernel: write sends to the kernel, and
// read returns only messages of the kernel. The socket does not block. It pins the
// namespace until the caller closes it, and needs no setns afterwards. With an error, fd is
// -1.
func (n *NS) Rtnetlink() (fd int, err error) {
	fd = -1
	err = n.Do(func() (err error) { fd, err = rtnetlink(); return err })
	return fd, err
}

func rtnetlink() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return -1, fmt.Errorf("open rtnetlink socket: %w", err)
	}
	// The kernel drops messages of other senders to a connected socket. A process in the
	// container could send answers of its own otherwise.
	if err := unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect rtnetlink socket: %w", err)
	}
	return fd, nil
}
