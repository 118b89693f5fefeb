// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLine is more than a line of mountinfo has, in bytes: an overlay names its layers.
const maxLine = 1 << 20

// inRoot is where the hook puts a file that no engine has made.
const inRoot = "/etc/resolv.conf"

// elsewhere opens a file in a container's root whose path only the hook saw: for a
// container with a user namespace, Podman mounts the root once more, in a mount namespace
// that ends with the start. The root is where Podman has mounted it first. Device and
// inode say which of the host's mounts that is.
func (m mounts) elsewhere(f File) (fd int, st unix.Stat_t, err error) {
	missing := fmt.Errorf("open %s: %w", f.Path, unix.ENOENT)
	if !strings.HasSuffix(f.Path, inRoot) {
		return -1, st, missing
	}
	roots, err := m.roots(f.Device)
	if err != nil {
		return -1, st, fmt.Errorf("read the host's mounts: %v", err)
	}
	for _, root := range roots {
		path := filepath.Join(root, inRoot)
		if isHosts(path) {
			continue
		}
		if fd, st, err = m.walk(path); err != nil {
			continue
		}
		if uint64(st.Dev) == f.Device && st.Ino == f.Inode {
			return fd, st, nil
		}
		unix.Close(fd)
	}
	return -1, st, missing
}

// roots are the places where a device, or any overlay, is mounted whole: a file in an
// overlay may have the device of a layer. Other file systems are not looked into: a user's
// FUSE may never answer.
func (m mounts) roots(device uint64) (places []string, err error) {
	f, err := os.Open(string(m) + "/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	want := fmt.Sprintf("%d:%d", unix.Major(device), unix.Minor(device))
	for lines.Scan() {
		// proc_pid_mountinfo(5): ID, parent, device, root, mount point, ..., -, type, ...
		front, back, _ := strings.Cut(lines.Text(), " - ")
		if f := strings.Fields(front); len(f) > 4 && f[3] == "/" && (f[2] == want || strings.HasPrefix(back, "overlay ")) {
			places = append(places, f[4])
		}
	}
	return places, lines.Err()
}
