// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// asProgram makes the test binary one of programs.
const asProgram = "NETNS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	program, ok := programs[os.Getenv(asProgram)]
	if !ok {
		testlan.Main(m)
	}
	if err := program(); err != nil {
		fmt.Println(err)
		os.Exit(9)
	}
}

func init() {
	if os.Getenv(asProgram) != "" {
		runtime.LockOSThread() // main runs on the main thread
	}
}

var programs = map[string]func() error{
	"main thread": func() error {
		return visit(func() error {
			if unix.Gettid() == unix.Getpid() {
				return errors.New("the main thread is inside")
			}
			return nil
		})
	},
	"way is lost for some time": func() error { netns.LoseWay(3); return fromAnotherThread() },
	"way is lost":               func() error { netns.LoseWay(1 << 60); return fromAnotherThread() },
}

func fromAnotherThread() error {
	done := make(chan error)
	go func() { done <- visit(func() error { return nil }) }()
	return <-done
}

func visit(fn func() error) error {
	ns, err := netns.New()
	if err != nil {
		return err
	}
	defer ns.Close()
	return ns.Do(fn)
}

// Each program ends as it should: a process ends rather than run on in a foreign namespace.
func TestPrograms(t *testing.T) {
	testlan.RequireRoot(t)
	for name, want := range map[string]string{"main thread": "", "way is lost for some time": "", "way is lost": lost} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), asProgram+"="+name)
			out, err := cmd.CombinedOutput()
			if string(out) != want || (err == nil) != (want == "") {
				t.Errorf("%q, %v; want %q", out, err, want)
			}
		})
	}
}

const lost = "a thread cannot leave a container's network namespace: cannot allocate memory\n"
