// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// result is a program that has ended.
type result struct {
	out, err string
	code     int
	took     time.Duration
}

func (r result) String() string { return fmt.Sprintf("exit code %d\n%s%s", r.code, r.out, r.err) }

// try runs a program, for no longer than a minute.
func try(name string, args ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return finish(exec.CommandContext(ctx, name, args...))
}

func finish(cmd *exec.Cmd) result {
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &stderr, time.Second
	begin := time.Now()
	err := cmd.Run()
	r := result{out: strings.TrimSpace(out.String()), err: strings.TrimSpace(stderr.String()), took: time.Since(begin)}
	if err != nil {
		r.code = max(cmd.ProcessState.ExitCode(), 1)
	}
	return r
}

// must runs a program that has to succeed, and returns its stdout.
func must(t testing.TB, name string, args ...string) string {
	t.Helper()
	r := try(name, args...)
	if r.code != 0 {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), r)
	}
	return r.out
}

// mustJSON is must for a program that answers in JSON.
func mustJSON[T any](t testing.TB, name string, args ...string) (v T) {
	t.Helper()
	out := must(t, name, args...)
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%s %s: %v in %s", name, strings.Join(args, " "), err, out)
	}
	return v
}

// eventually polls for what gives no event of its own.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// equal compares what was got with what was wanted.
func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

// contains checks for each of the parts of a text.
func contains(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is not in:\n%s", what, p, text)
		}
	}
}
