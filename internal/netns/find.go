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
	Number int    // NS.ID; used again
	Inode  uint64 // NS.Inode; used again
	Cookie uint64 // NS.Cookie
}

// Find opens a namespace whose path is gone, by the processes in it: a bind mount under
// /run/netns can disappear while its container runs. It fails with fs.ErrNotExist if the
// namespace has ended (one question to the kernel finds this out) or has no process
// left.
func Find(s Sign) (*NS, error) {
	if ok, err := alive(s.Number); err != nil || !ok {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	paths, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	want := fmt.Sprintf("net:[%d]", s.Inode)
	for _, path := range paths {
		if is, err := os.Readlink(path); err != nil || is != want {
			continue
		}
		ns, err := Open(path)
		if err != nil {
			continue // it ended meanwhile
		}
		if cookie, err := ns.Cookie(); err == nil && cookie == s.Cookie {
			return ns, nil
		}
		ns.Close()
		break // the inode belongs to another namespace by now
	}
	return nil, fs.ErrNotExist
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
