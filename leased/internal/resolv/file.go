// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// header is the first line of the hook's file. oci-hook has the same constant, because
// it shares no code with leased; a test compares the two.
const header = "# made by net-dhcp-hook from the DHCP lease\n"

// maxSize is more than any resolver needs, in bytes.
const maxSize = 64 << 10

// errForeign says that a file was made neither by the engine nor by the hook.
var errForeign = errors.New("not a resolv.conf of ours")

// file rewrites the resolv.conf in a root.
func (v *visit) file(proc, root int) (changed bool, err error) {
	fd, mounted, err := open(root)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return false, nil // without the file programs ask no resolver, or one on localhost
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	st, err := stat(fd)
	if err != nil {
		return false, fmt.Errorf("look at the container's resolv.conf: %w", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return false, errForeign
	}
	// A file in two mount namespaces is edited once, even if it contains the old names
	// twice.
	id := inode{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}
	if v.files[id] {
		return false, nil
	}
	text, err := v.read(proc, fd, mounted, st.Mnt_id)
	if err != nil {
		return false, err
	}
	v.files[id] = true
	return v.rewrite(fd, text)
}

// open opens a root's resolv.conf so that nothing can happen to the file yet: really
// opening a FIFO or a device would wait or have an effect. mounted says that the file is
// not in the root's own file system. (openat2(2) would do both at once, but a sandbox
// with RestrictSUIDSGID= cannot look into its flags and so does not have it.)
func open(root int) (fd int, mounted bool, err error) {
	const how = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	etc, err := unix.Openat(root, "etc", how, 0)
	if err != nil {
		return -1, false, fmt.Errorf("open the container's /etc: %w", err)
	}
	defer unix.Close(etc)
	fd, err = unix.Openat(etc, "resolv.conf", how, 0)
	if err != nil {
		return -1, false, refused(etc, err)
	}
	mounted, err = elsewhere(root, fd)
	if err != nil {
		unix.Close(fd)
		return -1, false, err
	}
	return fd, mounted, nil
}

// refused tells an /etc that is a symlink, which is not followed, from a missing one.
func refused(etc int, err error) error {
	if st, no := stat(etc); no == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return errForeign
	}
	return fmt.Errorf("open the container's resolv.conf: %w", err)
}

// elsewhere reports whether two descriptors came by different mounts.
func elsewhere(a, b int) (bool, error) {
	x, err := stat(a)
	if err != nil {
		return false, fmt.Errorf("look at the container's root: %w", err)
	}
	y, err := stat(b)
	if err != nil {
		return false, fmt.Errorf("look at the container's resolv.conf: %w", err)
	}
	return x.Mnt_id != y.Mnt_id, nil
}

// stat returns the file of a descriptor, and the mount that it came by.
func stat(fd int) (st unix.Statx_t, err error) {
	err = unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &st)
	return st, err
}

// read reads the file if it is ours. The engine's file is known by its mount's source,
// the hook's by its first line.
func (v *visit) read(proc, fd int, mounted bool, mount uint64) ([]byte, error) {
	if mounted {
		switch ours, err := mountedFrom(proc, mount, v.containerID); {
		case err != nil:
			return nil, err
		case !ours:
			return nil, errForeign
		}
	}
	f, err := reopen(fd, os.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("read the container's resolv.conf: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the container's resolv.conf: %w", err)
	case len(text) > maxSize, !mounted && !bytes.HasPrefix(text, []byte(header)):
		return nil, errForeign
	}
	return text, nil
}

// reopen opens the file of an O_PATH descriptor, by the same mount: a file that is
// read-only for the container stays unchanged.
func reopen(fd, flags int) (*os.File, error) {
	// O_NONBLOCK: a container's lease on the file (fcntl(2)) must not hang us.
	return os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), flags|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}

func (v *visit) rewrite(fd int, text []byte) (changed bool, err error) {
	edited, err := edit(text, v.old, v.now)
	if err != nil || bytes.Equal(edited, text) {
		return false, err
	}
	f, err := reopen(fd, os.O_WRONLY)
	if err != nil {
		return false, fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	defer f.Close()
	if err := put(f, edited); err != nil {
		_ = put(f, text) // which had room before
		return false, fmt.Errorf("write the container's resolv.conf: %w", err)
	}
	return true, nil
}

// put writes in place, because a bind mount is tied to the inode, and so that a
// concurrent reader never finds the file empty.
func put(f *os.File, text []byte) error {
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}
