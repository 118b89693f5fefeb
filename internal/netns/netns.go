// SPDX-License-Identifier: Apache-2.0

// Package netns opens network namespaces and makes descriptors inside them. It is the
// only package in the project that calls setns(2): a goroutine locked to its thread
// moves in, makes a descriptor, and moves back. If the thread cannot move back, the
// process ends.
package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Errors of Open, for errors.Is.
var (
	// ErrNotNetns says that the path does not name a network namespace.
	ErrNotNetns = errors.New("not a network namespace")
	// ErrHost says that the path names the caller's own network namespace.
	ErrHost = errors.New("the host's own network namespace")
)

// NS is an open network namespace. While open, it pins the namespace, its links and
// their MACs, so its user closes it before waiting for anything.
type NS struct {
	file  *os.File
	inode uint64
}

// Open opens the network namespace at path, a bind mount under /run/netns or a
// /proc/PID/ns/net. It fails with fs.ErrNotExist if nothing is there, with ErrNotNetns
// for a file, a FIFO or another kind of namespace, and with ErrHost for the caller's own
// namespace.
func Open(path string) (*NS, error) {
	// O_NONBLOCK: a FIFO must not hang us.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open network namespace", Path: path, Err: err}
	}
	return Take(os.NewFile(uintptr(fd), path))
}

func (n *NS) identify() error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(n.FD(), &st); err != nil || st.Type != unix.NSFS_MAGIC {
		return ErrNotNetns
	}
	kind, err := unix.IoctlRetInt(n.FD(), unix.NS_GET_NSTYPE)
	if err != nil || kind != unix.CLONE_NEWNET {
		return ErrNotNetns
	}
	var here unix.Stat_t
	if err := unix.Fstat(n.FD(), &here); err != nil {
		return err
	}
	host, err := ownInode()
	if err != nil {
		return err
	}
	if n.inode = here.Ino; n.inode == host { // both are alive, so neither number is reused
		return ErrHost
	}
	return nil
}

// ownInode returns the inode of the namespace in which the process lives from start to
// end.
var ownInode = sync.OnceValues(func() (uint64, error) {
	own, err := home()
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	err = unix.Fstat(int(own), &st)
	return st.Ino, err
})

// FD returns the descriptor, valid until Close.
func (n *NS) FD() int { return int(n.file.Fd()) }

// Cookie identifies the namespace for as long as the host is up. Unlike the inode
// number, it is never reused (SO_NETNS_COOKIE, Linux 5.14).
func (n *NS) Cookie() (cookie uint64, err error) {
	err = n.Do(func() (err error) { cookie, err = currentCookie(); return })
	return cookie, err
}

// Inode returns the namespace's number in its filesystem; the kernel reuses these
// numbers.
func (n *NS) Inode() uint64 { return n.inode }

// Close closes the namespace, which is no longer pinned.
func (n *NS) Close() error { return n.file.Close() }

// own is the namespace that the caller is in. It is no nil NS: whoever has lost a container's must
// not change the host.
var own = &NS{}

// OrOwn returns n, or if n is nil the caller's own namespace, for Do, Rtnetlink and Sysctl alone.
func OrOwn(n *NS) *NS {
	if n == nil {
		return own
	}
	return n
}

// Do calls fn on a thread that is in the namespace, usually the caller's. fn may only make
// descriptors: no goroutines, no logging, no waiting, no other Do.
func (n *NS) Do(fn func() error) error {
	if n == own {
		return fn()
	}
	return lend(func() error {
		if err := unix.Setns(n.FD(), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return fn()
	})
}

func currentCookie() (uint64, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	return SocketCookie(fd)
}

// SocketCookie returns the Cookie of the namespace that a socket is in.
func SocketCookie(fd int) (uint64, error) {
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return 0, fmt.Errorf("read netns cookie: %w", err)
	}
	return cookie, nil
}
