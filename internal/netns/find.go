// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// Sign identifies a namespace whose path is gone.
type Sign struct {
	Path   string // where it was
	Number int    // NS.ID; used again
	Inode  uint64 // NS.Inode; used again
	Cookie uint64 // NS.Cookie
}

// Find opens a namespace whose path is gone, or is not for the caller, by the processes in
// it: a bind mount under /run/netns can disappear while its container runs. open is
// ByProcess, or asks somebody who has the rights for it. Find fails with fs.ErrNotExist if
// the namespace has ended (one question to the kernel finds this out) or has no process
// left.
func Find(s Sign, open func(path string, inode uint64) (*os.File, error)) (*NS, error) {
	if ok, err := alive(s.Number); err != nil || !ok {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	f, err := open(s.Path, s.Inode)
	if err != nil {
		return nil, err
	}
	ns, err := Take(f)
	if err != nil {
		return nil, err
	}
	if cookie, err := ns.Cookie(); err == nil && cookie == s.Cookie {
		return ns, nil
	}
	ns.Close()
	return nil, fs.ErrNotExist // the inode belongs to another namespace by now
}

// ByProcess opens the namespace with this inode by a process in it. Its path,
// /proc/PID/ns/net, is where to look first; with the inode 0, any namespace there is the right
// one. It fails with fs.ErrNotExist if there is no such
// process, or none that the caller may look at: that needs CAP_SYS_PTRACE if the process has
// another user or more capabilities.
func ByProcess(path string, inode uint64) (*os.File, error) {
	if f := ofProcess(path, inode); f != nil {
		return f, nil
	}
	paths, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	want := fmt.Sprintf("net:[%d]", inode)
	for _, path := range paths {
		if is, err := os.Readlink(path); err != nil || is != want {
			continue
		}
		if f := ofProcess(path, inode); f != nil {
			return f, nil
		}
	}
	return nil, fs.ErrNotExist
}

// ofProcess opens a process's namespace; nil: it is another one, or the process has ended.
func ofProcess(path string, inode uint64) *os.File {
	if ok, err := filepath.Match("/proc/[0-9]*/ns/net", path); err != nil || !ok {
		return nil
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || inode != 0 && st.Ino != inode {
		unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), path)
}

// alive reports whether a namespace has the number (RTM_GETNSID, Linux 5.0).
func alive(number int) (bool, error) {
	c, err := rtnetlink.Open()
	if err != nil {
		return false, err
	}
	defer c.Close()
	_, err = c.Ask(unix.RTM_GETNSID, 0, rtgenmsg[:], rtnetlink.Uint32(unix.NETNSA_NSID, uint32(number)))
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for a network namespace: %w", err)
	}
	return true, nil
}
