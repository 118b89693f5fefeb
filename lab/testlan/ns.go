// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// NS is a network namespace at a path, as container runtimes make them. This package
// does not keep it open: only the path pins it, and the test's own objects in it.
type NS struct {
	Path string
	t    testing.TB
}

// newNS makes a namespace; it goes when the test ends, if not before.
func newNS(t testing.TB, path string) *NS {
	t.Helper()
	must(t, os.WriteFile(path, nil, 0o600))
	made := make(chan error)
	go func() { made <- makeNS(path) }()
	must(t, <-made)
	n := &NS{Path: path, t: t}
	t.Cleanup(n.Delete)
	n.Run("ip", "link", "set", "lo", "up")
	return n
}

// makeNS borrows this thread. If it cannot move back it stays locked, and ends
// with its goroutine.
func makeNS(path string) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	runtime.UnlockOSThread()
	return err
}

// Delete removes the path, as a runtime does when a container ends. The namespace ends
// when no process has it open any more.
func (n *NS) Delete() {
	if err := unix.Unmount(n.Path, unix.MNT_DETACH); err == nil {
		os.Remove(n.Path)
	}
}

// Open opens the namespace until the test ends or the caller closes it.
func (n *NS) Open() *netns.NS {
	n.t.Helper()
	ns, err := netns.Open(n.Path)
	must(n.t, err)
	n.t.Cleanup(func() { ns.Close() })
	return ns
}

// Cookie returns the namespace's cookie.
func (n *NS) Cookie() uint64 {
	n.t.Helper()
	ns, err := netns.Open(n.Path)
	must(n.t, err)
	defer ns.Close()
	cookie, err := ns.Cookie()
	must(n.t, err)
	return cookie
}

// Do calls fn inside, on a thread that exists only for this call.
func (n *NS) Do(fn func() error) {
	n.t.Helper()
	ns := n.Open()
	defer ns.Close()
	must(n.t, ns.Do(fn))
}

// Netlink calls fn with a handle that is open only for this call.
func (n *NS) Netlink(fn func(h *netlink.Handle) error) {
	n.t.Helper()
	ns := n.Open()
	defer ns.Close()
	h, err := Handle(ns)
	must(n.t, err)
	defer h.Close()
	must(n.t, fn(h))
}

// Handle opens the netlink library's handle inside a namespace.
func Handle(ns *netns.NS) (h *netlink.Handle, err error) {
	err = ns.Do(func() (err error) { h, err = netlink.NewHandle(unix.NETLINK_ROUTE); return err })
	return h, err
}

// Sysctl sets a sysctl of the namespace, as "net/ipv4/conf/eth0/promote_secondaries".
func (n *NS) Sysctl(key, value string) {
	n.t.Helper()
	n.Do(func() error { return os.WriteFile(filepath.Join("/proc/sys", key), []byte(value), 0) })
}

// Run runs a program inside and returns its output, trimmed.
func (n *NS) Run(argv ...string) string {
	n.t.Helper()
	r, w, err := os.Pipe()
	must(n.t, err)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = w, w
	n.Start(cmd)
	w.Close()
	out, err := io.ReadAll(r)
	r.Close()
	if err := errors.Join(err, cmd.Wait()); err != nil {
		n.t.Fatalf("%q: %v: %s", argv, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Start starts cmd inside; it is killed if this process dies. Its input and
// output must be files: a goroutine that copies must not start on our thread.
func (n *NS) Start(cmd *exec.Cmd) {
	n.t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	ns := n.Open()
	defer ns.Close()
	must(n.t, parent().start(ns, cmd))
}

// thread is a thread that lives as long as the process. For the kernel, a parent dies
// when the thread that started the child ends.
type thread chan func()

var parent = sync.OnceValue(func() thread {
	t := make(thread)
	go func() {
		runtime.LockOSThread()
		for do := range t {
			do()
		}
	}()
	return t
})

// start starts cmd in ns.
func (t thread) start(ns *netns.NS, cmd *exec.Cmd) error {
	done := make(chan error)
	t <- func() {
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		if err = unix.Setns(ns.FD(), unix.CLONE_NEWNET); err == nil {
			err = errors.Join(cmd.Start(), unix.Setns(int(home.Fd()), unix.CLONE_NEWNET))
		}
		done <- err
	}
	return <-done
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
