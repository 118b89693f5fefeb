// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// NoLeaks checks, when the test ends, that the test left no descriptor (which would pin
// a namespace) and no goroutine. Call it first in a test, before New. Such a test must
// not be parallel: descriptors and goroutines belong to the whole process.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := look()
	t.Cleanup(func() {
		if left := before.left(); left != "" {
			t.Error(left)
		}
	})
}

// process holds the process's descriptors and threads.
type process struct {
	descriptors, threads map[string]int // by their kind, and by their netns
	goroutines           int
}

func look() process {
	return process{
		descriptors: links("/proc/self/fd/*"), // the directory's own is closed by now
		threads:     links("/proc/self/task/*/ns/net"),
		goroutines:  runtime.NumGoroutine(),
	}
}

// links counts symlinks by their target.
func links(pattern string) map[string]int {
	all, _ := filepath.Glob(pattern)
	found := map[string]int{}
	for _, path := range all {
		if to, err := os.Readlink(path); err == nil {
			found[to]++
		}
	}
	return found
}

// left describes what the process still has after some seconds and did not have before.
func (before process) left() (left string) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = before.leaked(); left == "" {
			break
		}
	}
	return left
}

func (before process) leaked() string {
	now := look()
	for what, n := range now.descriptors {
		if n > before.descriptors[what] {
			return fmt.Sprintf("a descriptor is left: %s", what)
		}
	}
	for ns := range now.threads { // their number is the runtime's
		if before.threads[ns] == 0 {
			return fmt.Sprintf("a thread is left in %s", ns)
		}
	}
	if more := now.goroutines - before.goroutines; more > 0 {
		stacks := make([]byte, 1<<16)
		return fmt.Sprintf("%d goroutines are left:\n%s", more, stacks[:runtime.Stack(stacks, true)])
	}
	return ""
}
