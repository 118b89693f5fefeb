// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Neighbours makes room for n entries in the kernel's ARP table until the test ends. All
// network namespaces share one table, of 1024 by default. When it is full, neither a
// router nor a container can send to a new neighbour (ENOBUFS).
func Neighbours(t testing.TB, n int) {
	t.Helper()
	RequireRoot(t)
	if os.Getenv(again) == "user" {
		t.Skip("needs root: the ARP table is all namespaces'")
	}
	// The parent process is in the first namespace; only that namespace has the setting.
	first := &NS{Path: fmt.Sprintf("/proc/%d/ns/net", os.Getppid()), t: t}
	for _, name := range []string{"gc_thresh3", "gc_thresh2"} { // from where on there is no more, and where it is tidied
		key := filepath.Join("/proc/sys/net/ipv4/neigh/default", name)
		first.Do(func() error {
			text, err := os.ReadFile(key)
			was := strings.TrimSpace(string(text))
			if room, _ := strconv.Atoi(was); err != nil || room >= n {
				return err
			}
			t.Cleanup(func() { first.Do(func() error { return os.WriteFile(key, []byte(was), 0) }) })
			return os.WriteFile(key, []byte(strconv.Itoa(n)), 0)
		})
	}
}
