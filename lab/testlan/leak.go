// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// NoLeaks checks, when the test ends, that it left no descriptor (and with that
// no namespace pinned) and no goroutine behind. It comes first in a test, before
// New, and such a test is not parallel: both belong to the whole process.
func NoLeaks(t testing.TB) {
	t.Helper()
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	t.Cleanup(func() {
		var left string
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if left = leaked(t, fds, goroutines); left == "" {
				return
			}
		}
		t.Error(left)
	})
}

func leaked(t testing.TB, fds map[string]int, goroutines int) string {
	for what, n := range descriptors(t) {
		if n > fds[what] {
			return fmt.Sprintf("a descriptor is left: %s", what)
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		stacks := make([]byte, 1<<16)
		return fmt.Sprintf("%d goroutines are left:\n%s", n-goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	return ""
}

// descriptors are those of this process, by what they are.
func descriptors(t testing.TB) map[string]int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	found := map[string]int{}
	for _, e := range entries {
		// The directory's own descriptor is closed by now.
		if what, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			found[what]++
		}
	}
	return found
}
