// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// crowd is many containers. Their namespaces are no mounts, which systemd would
// read all of at each new one: a process holds the descriptors of a few hundred, and
// under /run/netns is a symlink to each. That process is not ours, since each exec
// copies the table of descriptors.
type crowd struct {
	name    string
	all     []attempt
	holders []*exec.Cmd
	numbers map[int]bool
}

// batch is how many namespaces one process holds.
const batch = 200

// grow makes namespaces until there are n.
func (c *crowd) grow(n int) error {
	if c.numbers == nil {
		c.numbers = map[int]bool{}
	}
	for len(c.all) < n {
		if err := c.hold(min(batch, n-len(c.all))); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) hold(n int) error {
	holder := exec.Command("sleep", "infinity")
	defer func() {
		for _, f := range holder.ExtraFiles {
			f.Close()
		}
	}()
	for range n {
		f, number, err := newNetns()
		if err != nil {
			return err
		}
		holder.ExtraFiles = append(holder.ExtraFiles, f)
		c.numbers[number] = true
	}
	if err := holder.Start(); err != nil {
		return err
	}
	c.holders = append(c.holders, holder)
	for i := range n {
		t := try{space: space{fmt.Sprintf("%s-%d", c.name, len(c.all))}}
		t.container = newContainer(t.space.name)
		// Its descriptors begin after stderr.
		if err := os.Symlink(fmt.Sprintf("/proc/%d/fd/%d", holder.Process.Pid, 3+i), t.path()); err != nil {
			return err
		}
		c.all = append(c.all, attempt{try: t})
	}
	return nil
}

func newNetns() (f *os.File, number int, err error) {
	ns, err := netns.New()
	if err != nil {
		return nil, 0, err
	}
	defer ns.Close()
	if number, err = ns.ID(); err != nil {
		return nil, 0, err
	}
	fd, err := unix.FcntlInt(uintptr(ns.FD()), unix.F_DUPFD_CLOEXEC, 0)
	return os.NewFile(uintptr(fd), "netns"), number, err
}

// attach has the workers attach those from the given one on, to the NICs by turns.
func (c *crowd) attach(from, nics int, fn func(t try, parent string) error) (failed int, first error) {
	var mu sync.Mutex
	each(c.all[from:], func(a *attempt) {
		if a.failed = fn(a.try, a.parent(nics)); a.failed == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if failed++; first == nil {
			first = a.failed
		}
	})
	return failed, first
}

// parent is the NIC that a member of a crowd is attached to, by its number.
func (a *attempt) parent(nics int) string {
	i, _ := strconv.Atoi(a.space.name[strings.LastIndexByte(a.space.name, '-')+1:]) // hold has named it
	return nicName(i % nics)
}

// end takes all apart, and returns when the kernel is done with it.
func (c *crowd) end() error {
	w, err := netns.Watch()
	if err != nil {
		return err
	}
	late := time.AfterFunc(time.Minute, w.Close)
	defer late.Stop()
	for _, h := range c.holders {
		err = errors.Join(err, h.Process.Kill())
		_ = h.Wait() // says that it was killed
	}
	for _, a := range c.all {
		err = errors.Join(err, os.Remove(a.path()))
	}
	left := c.numbers
	c.all, c.holders, c.numbers = nil, nil, nil
	for len(left) > 0 {
		ended, missed, werr := w.Next()
		if werr != nil || missed {
			break
		}
		for _, n := range ended {
			delete(left, n)
		}
	}
	w.Close()
	return err
}
