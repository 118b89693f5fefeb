// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// patienceOf is the variable by which a test makes the program less patient.
const patienceOf = "TEST_PATIENCE"

// The test binary is net-dhcp where it is called so.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "net-dhcp" {
		if d, err := time.ParseDuration(os.Getenv(patienceOf)); err == nil {
			setupPatience, teardownPatience = int64(d), int64(d)
		}
		main()
	}
	testlan.Main(m)
}

// installed is a directory with the program as make install puts it, and with a full program.
func installed(t *testing.T, full string) (program string) {
	t.Helper()
	return placed(t, "libexec/netavark/net-dhcp", "libexec/leased/net-dhcp", full)
}

// placed puts both programs below a directory. full is a file, or empty: none.
func placed(t *testing.T, at, fullAt, full string) (program string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	program, fullAt = filepath.Join(top, at), filepath.Join(top, fullAt)
	err = errors.Join(os.MkdirAll(filepath.Dir(program), 0o755), os.MkdirAll(filepath.Dir(fullAt), 0o755))
	if err == nil {
		err = os.Link(self, program) // a symbolic link would lead to the test binary's place
	}
	if err == nil && full != "" {
		err = os.Symlink(full, fullAt)
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// built is the full program.
func built(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "net-dhcp")
	cmd := exec.Command("go", "build", "-o", path, "./full")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the full program: %v: %s", err, out)
	}
	return path
}

// result is what a program says, and its exit code; -1: a signal.
type result struct {
	code           int
	stdout, stderr string
}

func call(t *testing.T, stdin, program string, args ...string) result {
	t.Helper()
	_, wait := process(t, stdin, program, args...)
	return wait()
}

// process starts a program. wait waits for its end.
func process(t *testing.T, stdin, program string, args ...string) (p *os.Process, wait func() result) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process, func() result {
		err := cmd.Wait()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Error(err)
		}
		return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	}
}
