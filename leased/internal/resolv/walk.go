// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// errRights says that the thread cannot act as another user.
var errRights = errors.New("cannot take the rights of the file's owner")

// mounts are those that a process sees: its directory in /proc.
type mounts string

// at is the path by which the file is seen as the process sees it.
func (m mounts) at(path string) string { return string(m) + "/root" + path }

// walk opens a path, so that nothing can happen to the file yet: really opening a FIFO or
// a device would wait or have an effect. It follows no symlink, and enters each directory
// with the rights of the directory's owner: a container's files belong to other users than
// root if it has a user namespace. (openat2(2) would follow no symlink by itself, but a
// sandbox with RestrictSUIDSGID= does not have it.)
func (m mounts) walk(path string) (fd int, st unix.Stat_t, err error) {
	if err := actAsOneself(); err != nil {
		return -1, st, err
	}
	fd, err = unix.Open(m.at("/"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, st, fmt.Errorf("open the host's root: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(filepath.Clean(path), "/"), "/") {
		next, err := step(fd, name)
		unix.Close(fd)
		if err != nil {
			return -1, st, fmt.Errorf("open %s: %w", path, err)
		}
		fd = next
	}
	if err = unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, st, fmt.Errorf("look at %s: %w", path, err)
	}
	return fd, st, nil
}

func step(dir int, name string) (fd int, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return -1, err
	}
	if err := actAs(st); err != nil {
		return -1, err
	}
	return unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

// actAs gives the thread the rights of a file's owner, and no more.
func actAs(st unix.Stat_t) error { return act(st.Uid, st.Gid) }

// actAsOneself gives the thread the rights of its process again.
func actAsOneself() error { return act(uint32(os.Getuid()), uint32(os.Getgid())) }

func act(uid, gid uint32) error {
	_, _ = unix.SetfsgidRetGid(int(gid))
	_, _ = unix.SetfsuidRetUid(int(uid))
	// Neither call says whether it worked. -1 changes nothing, and tells who the thread is.
	isGid, _ := unix.SetfsgidRetGid(-1)
	isUid, _ := unix.SetfsuidRetUid(-1)
	if uint32(isGid) != gid || uint32(isUid) != uid {
		return errRights
	}
	return nil
}

// reopen really opens a regular file that walk has found, with its owner's rights.
func reopen(fd int, st unix.Stat_t, flags int) (*os.File, error) {
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, notOurs("not a regular file")
	}
	if err := actAs(st); err != nil {
		return nil, err
	}
	// O_NONBLOCK: a lease on the file (fcntl(2)) must not hang us.
	return os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), flags|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}
