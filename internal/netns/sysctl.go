// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Sysctl calls fn, as Do does, with the directory of the namespace's sysctls. The
// directory is in a procfs that is mounted for this call alone and has no path. In the
// shared procfs the kernel looks a name up among those of all namespaces
// (proc_sys_compare), which takes 2 ms if there are 3,000. Without the right to mount,
// the directory is /proc/sys.
func (n *NS) Sysctl(fn func(dir string) error) error {
	return n.Do(func() error {
		fd, err := mountProc()
		if err != nil {
			return fn("/proc/sys")
		}
		defer unix.Close(fd)
		return fn(fmt.Sprintf("/proc/self/fd/%d/sys", fd))
	})
}

func mountProc() (fd int, err error) {
	fs, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return 0, err
	}
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}
