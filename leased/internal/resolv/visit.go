// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// within calls do and waits for it, at most for d. A call that is stuck then is stuck by
// the container's doing, and ends with the container.
func within(d time.Duration, do func() (bool, error)) (bool, error) {
	type result struct {
		changed bool
		err     error
	}
	done := make(chan result, 1)
	go func() {
		changed, err := do()
		done <- result{changed, err}
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.changed, r.err
	case <-timer.C:
		return false, fmt.Errorf("wait for the container's file system: %w", os.ErrDeadlineExceeded)
	}
}

// visit goes from process to process.
type visit struct {
	containerID string
	old, now    Names
	roots       map[inode]bool // that it has visited
	files       map[inode]bool // of ours, that it has handled
}

// inode is an inode of a file system, or as seen through one of its mounts.
type inode struct{ in, number uint64 }

// all handles every root of the processes in ns. There is more than one root if there
// are more mount namespaces: the container's own, or those of others that share its
// network.
func (v *visit) all(ns *netns.NS) (changed bool, err error) {
	v.roots, v.files = map[inode]bool{}, map[inode]bool{}
	// Programs of the host enter and leave this namespace too (nsenter --net).
	if err := v.passOver("self"); err != nil {
		return false, err
	}
	pids, err := processes()
	if err != nil {
		return false, err
	}
	var errs []error
	foreign := false
	for _, pid := range pids {
		did, err := v.process(pid, ns)
		changed, foreign = changed || did, foreign || errors.Is(err, errForeign)
		if err != nil && !errors.Is(err, errForeign) {
			errs = append(errs, err)
		}
	}
	if foreign && len(v.files) == 0 {
		errs = append(errs, ErrEdited)
	}
	return changed, errors.Join(errs...)
}

func processes() (pids []string, err error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	for _, name := range names {
		if _, err := strconv.Atoi(name); err == nil {
			pids = append(pids, name)
		}
	}
	return pids, err
}

// process handles one process's root if the process lives in ns. The descriptor of its
// directory always means the same process; the PID may soon belong to another one.
func (v *visit) process(pid string, ns *netns.NS) (changed bool, err error) {
	proc, err := openProcess(pid)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open process %s: %w", pid, err)
	}
	defer unix.Close(proc)
	if !inhabits(proc, ns) {
		return false, nil
	}
	return v.enter(proc, ns)
}

// enter handles the root of a process that lived in ns a moment ago.
func (v *visit) enter(proc int, ns *netns.NS) (changed bool, err error) {
	changed, err = v.inRoot(proc)
	if err != nil && !inhabits(proc, ns) {
		return changed, nil // it ended meanwhile
	}
	return changed, err
}

func openProcess(pid string) (int, error) {
	return unix.Open("/proc/"+pid, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

func inhabits(proc int, ns *netns.NS) bool {
	var its, want unix.Stat_t
	return unix.Fstatat(proc, "ns/net", &its, 0) == nil && unix.Fstat(ns.FD(), &want) == nil &&
		its.Dev == want.Dev && its.Ino == want.Ino
}

// passOver marks a process's root as visited.
func (v *visit) passOver(pid string) error {
	proc, err := openProcess(pid)
	if err != nil {
		return err
	}
	defer unix.Close(proc)
	root, _, err := v.root(proc)
	unix.Close(root)
	return err
}

// root opens a process's root; fresh says that the visit was not there before.
func (v *visit) root(proc int) (fd int, fresh bool, err error) {
	fd, err = unix.Openat(proc, "root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, false, fmt.Errorf("open a process's root: %w", err)
	}
	st, err := stat(fd)
	if err != nil {
		unix.Close(fd)
		return -1, false, fmt.Errorf("look at a process's root: %w", err)
	}
	at := inode{st.Mnt_id, st.Ino}
	fresh = !v.roots[at]
	v.roots[at] = true
	return fd, fresh, nil
}

func (v *visit) inRoot(proc int) (changed bool, err error) {
	root, fresh, err := v.root(proc)
	if err != nil {
		return false, err
	}
	defer unix.Close(root)
	if !fresh {
		return false, nil
	}
	return v.file(proc, root)
}
