// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// disk holds the operations of Save and Delete on the directory. Tests record them, make
// them fail and cut them off.
type disk interface {
	Create(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	SyncDir() error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// inDir is the real disk. A container's start waits for Create, Write, Close and Rename:
// they are system calls and no more. A name has no directory in it.
type inDir struct {
	*os.Root
	dir *os.File
	raw syscall.RawConn // of dir
}

func newInDir(root *os.Root, dir *os.File) (inDir, error) {
	raw, err := dir.SyscallConn()
	return inDir{root, dir, raw}, err
}

func (d inDir) Create(name string) (file, error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC | unix.O_NOFOLLOW | unix.O_CLOEXEC
	f := plain{name: name}
	err := d.in(func(dir int) (err error) { f.fd, err = unix.Openat(dir, name, flags, 0o600); return err })
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	return f, nil
}

func (d inDir) Rename(from, to string) error {
	if err := d.in(func(dir int) error { return unix.Renameat(dir, from, dir, to) }); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func (d inDir) SyncDir() error { return d.dir.Sync() }

// in calls do with the directory's descriptor, which no Close takes away meanwhile.
func (d inDir) in(do func(dir int) error) (err error) {
	if closed := d.raw.Control(func(dir uintptr) { err = uninterrupted(func() error { return do(int(dir)) }) }); closed != nil {
		return fs.ErrClosed
	}
	return err
}

// plain is a file by its descriptor, for one goroutine.
type plain struct {
	fd   int
	name string
}

func (f plain) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		err = uninterrupted(func() error {
			wrote, err := unix.Write(f.fd, b[n:])
			n += max(wrote, 0)
			return err
		})
	}
	return n, f.failed("write", err)
}

func (f plain) Sync() error {
	return f.failed("sync", uninterrupted(func() error { return unix.Fsync(f.fd) }))
}

// Close closes in any case, EINTR included.
func (f plain) Close() error {
	err := unix.Close(f.fd)
	if errors.Is(err, unix.EINTR) {
		err = nil
	}
	return f.failed("close", err)
}

func (f plain) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// uninterrupted calls do again after EINTR, which some file systems return.
func uninterrupted(do func() error) error {
	for {
		if err := do(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
