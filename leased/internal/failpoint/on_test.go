// SPDX-License-Identifier: Apache-2.0

//go:build failpoint

package failpoint

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// asLeased makes the test binary pass each point three times, and say so.
const asLeased = "FAILPOINT_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asLeased) == "" {
		testlan.Main(m)
	}
	for n := range 3 {
		for _, p := range All() {
			fmt.Println(p, n)
			At(p)
		}
	}
}

// start starts it; what it says ends when it does.
func start(t *testing.T, point string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asLeased+"=1", "LEASED_FAILPOINT="+point)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func TestKillsWhereItIsTold(t *testing.T) {
	for _, p := range All() {
		for n := range 3 {
			cmd, out := start(t, fmt.Sprintf("%s:%d", p, n+1))
			said, _ := io.ReadAll(out)
			_ = cmd.Wait()
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if want := fmt.Sprintf("%s %d\n", p, n); !strings.HasSuffix(string(said), want) || status.Signal() != syscall.SIGKILL {
				t.Errorf("%q, %v; want %q last, and a kill", said, cmd.ProcessState, want)
			}
		}
	}
}

func TestPanics(t *testing.T) {
	cmd, out := start(t, "MidRename=panic")
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 2 || !strings.HasSuffix(string(said), "MidRename 0\n") {
		t.Errorf("%q, %v", said, err)
	}
}

// Go ends a program of which all is asleep; one where it does not is killed.
func TestStalls(t *testing.T) {
	cmd, out := start(t, "AfterOffer:2=stall")
	defer time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err == nil || !strings.HasSuffix(string(said), "AfterOffer 1\n") {
		t.Errorf("%q, %v", said, err)
	}
}

func TestPauses(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asLeased+"=1", "LEASED_FAILPOINT=AfterOffer:2=pause")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	if line, err := bufio.NewReader(stderr).ReadString('\n'); line != "failpoint AfterOffer\n" {
		t.Errorf("it says %q, %v", line, err)
	}
	_ = cmd.Process.Signal(syscall.SIGUSR1)
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(out.String(), "LinkDeleted 2\n") {
		t.Errorf("%q, %v", &out, err)
	}
}

func TestNothingWithoutTheVariable(t *testing.T) {
	cmd, out := start(t, "")
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(string(said), "LinkDeleted 2\n") {
		t.Errorf("%q, %v", said, err)
	}
}

func TestMisspeltPoints(t *testing.T) {
	for _, s := range []string{"x", "AfterOffer:", "AfterOffer:0", "AfterOffer:x", "AfterOffer=sleep", "invalid", "=stall", ":1"} {
		if p, err := parse(s); err == nil {
			t.Errorf("%q is %+v", s, p)
		}
	}
}

type name string

func (n name) String() string { return string(n) }

func TestAfterMessages(t *testing.T) {
	for m, want := range map[name]Point{"DISCOVER": AfterDiscover, "OFFER": AfterOffer, "REQUEST": AfterRequest, "ACK": 0, "RELEASE": 0} {
		if got := After(m); got != want {
			t.Errorf("after %s: %v, want %v", m, got, want)
		}
	}
}
