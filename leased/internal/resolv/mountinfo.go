// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLine is more than a line of mountinfo has, in bytes: an overlay names its layers.
const maxLine = 1 << 20

// mountedFrom reports whether the mount with this ID lies over the /etc/resolv.conf of a
// process and shows the resolv.conf that an engine keeps for this container, as Podman's
// <runroot>/overlay-containers/ID/userdata/resolv.conf. In the same directory Podman keeps
// hosts, secrets and others, and a process without capabilities can mount these over its
// /etc/resolv.conf, in a user namespace. Any other mount, such as the host's own file by
// -v, is the user's wish.
func mountedFrom(proc int, mount uint64, containerID string) (bool, error) {
	fd, err := unix.Openat(proc, "mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, fmt.Errorf("read a process's mounts: %w", err)
	}
	f := os.NewFile(uintptr(fd), "mountinfo")
	defer f.Close()
	source, err := source(f, mount, "/etc/resolv.conf")
	if err != nil {
		return false, fmt.Errorf("read a process's mounts: %w", err)
	}
	return isEngines(source, containerID), nil
}

// isEngines reports whether a path has the ID as a directory and ends in /resolv.conf.
// Engines have IDs of 64 hexadecimal digits. A shorter one, which a user of crun or runc
// chooses, can be part of any path (/run/systemd/resolve/resolv.conf).
func isEngines(path, containerID string) bool {
	dir, file := filepath.Split(path)
	return file == "resolv.conf" && isID(containerID) && slices.Contains(strings.Split(dir, "/"), containerID)
}

func isID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// source returns which path of its file system the mount with this ID shows at this
// point. It is empty if the mount is somewhere else, or not visible to the process.
func source(mountinfo io.Reader, mount uint64, point string) (string, error) {
	id := strconv.FormatUint(mount, 10)
	lines := bufio.NewScanner(mountinfo)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		// proc_pid_mountinfo(5): ID, parent, device, root, mount point, ...
		if f := strings.Fields(lines.Text()); len(f) > 4 && f[0] == id && f[4] == point {
			return f[3], nil
		}
	}
	return "", lines.Err()
}
