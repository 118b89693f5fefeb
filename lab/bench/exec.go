// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// program is one run of a program.
type program struct {
	argv  []string
	env   []string // added to ours
	stdin []byte
}

// run runs it. Its error has what the program said.
func (p program) run() (stdout []byte, err error) {
	var out, stderr bytes.Buffer
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.stdin), &out, &stderr
	if p.env != nil {
		cmd.Env = append(os.Environ(), p.env...)
	}
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String() + " " + out.String())
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(p.argv[0]), err, said)
	}
	return out.Bytes(), nil
}

// command runs a program for what it does.
func command(name string, args ...string) error {
	_, err := program{argv: append([]string{name}, args...)}.run()
	return err
}

// background starts a daemon, which ends with us at the latest.
func background(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return cmd, nil
}
