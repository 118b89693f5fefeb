// SPDX-License-Identifier: Apache-2.0

// Package testlan is a LAN that fits into a test: network namespaces for a router, a host
// and its containers, connected by real kernel links, with real DHCP servers or a scripted
// one. Each test has its own LAN, so tests can run in parallel and their names do not
// collide.
//
//	      router                     host                     container
//	192.0.2.1/24 lan0 ─┬─ to-br0 ─── up0 ─ br0 ─── vN ──────── eth0   (LAN.Veth)
//	  (bridge)         └─ to-nic ─── nic0 ─────── macvlan ──── eth0   (LAN.Macvlan)
//
// A test binary that uses the package starts itself again in namespaces of its own:
//
//	func TestMain(m *testing.M) { testlan.Main(m) }
//
// The binary fails if its tests have left a descriptor, a goroutine or a thread in another
// namespace. It starts itself again for two reasons: everything that a test leaves behind,
// even after a crash, ends with the process; and a user who is not root can run the tests,
// too (user namespaces).
package testlan

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"podman-net-dhcp/internal/netns"
)

// again is set in the process that Main starts; it says "root" or "user".
const again = "TESTLAN"

// errAlone is the reason that there are no namespaces.
var errAlone = errors.New("TestMain does not call testlan.Main")

// Main runs the tests of a package in network and mount namespaces of their own, and
// exits. If it may not make namespaces, it runs the tests without; RequireRoot then
// skips the tests that need them.
func Main(m *testing.M) {
	if os.Getenv(again) == "" {
		var code int
		if code, errAlone = restart(); errAlone == nil {
			os.Exit(code)
		}
	}
	warm()
	before := look()
	code := m.Run()
	if code == 0 && flag.Lookup("test.fuzz").Value.String() == "" { // a fuzzer's engine has its own
		if left := before.left(); left != "" {
			fmt.Fprintln(os.Stderr, "FAIL: after all tests", left)
			code = 1
		}
	}
	os.Exit(code)
}

// warm makes the resources that the process keeps for good: the home namespace (before
// any thread moves), the procfs of sysctls, the thread that starts programs, the runtime's
// poller, and the signal receiver. These are not leaks.
func warm() {
	_, _ = netns.Open("/proc/self/ns/net")
	if ns, err := netns.New(); err == nil {
		_ = ns.Sysctl(func(string) error { return nil })
		ns.Close()
	}
	parent()
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	signal.Stop(c)
}

// restart runs the same program again and returns its exit code.
func restart() (int, error) {
	runtime.LockOSThread() // Pdeathsig counts from this thread's death, not the process's
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), again+"=root")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		Pdeathsig:    syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		cmd.Env = append(os.Environ(), again+"=user")
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 1, nil
	}
	return max(cmd.ProcessState.ExitCode(), -cmd.ProcessState.ExitCode()), nil // -1: a signal
}

// RequireRoot skips a test if it cannot make network namespaces. In CI, where the
// variable of that name is set, a skip is an error.
func RequireRoot(t testing.TB) {
	t.Helper()
	switch {
	case os.Getenv(again) != "":
	case os.Getenv("CI") != "":
		t.Fatalf("make network namespaces: %v", errAlone)
	default:
		t.Skipf("needs root or user namespaces: %v", errAlone)
	}
}

// RequireUsers skips a test whose programs become other users: in the user namespace of a user
// who is not root there is only one.
func RequireUsers(t testing.TB) {
	t.Helper()
	RequireRoot(t)
	if os.Getenv(again) == "user" {
		t.Skip("needs root: programs become other users")
	}
}
