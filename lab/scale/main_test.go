// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// long is to have as many leases as take minutes.
var long = os.Getenv("LAB_LONG") != ""

func TestMain(m *testing.M) { testlan.Main(m) }

// build makes leased as it is released: without the race detector.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "leased")
	tags, err := exec.Command("make", "-s", "--no-print-directory", "-C", "../..", "tags").Output()
	if err != nil {
		t.Fatalf("make tags: %v", err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-tags", strings.TrimSpace(string(tags)), "-ldflags", "-s -w", "-o", program, "podman-net-dhcp/leased")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build leased: %v: %s", err, out)
	}
	return program
}

// patience is how long anything may take that has to happen: long, for a machine
// with much else to do.
const patience = 2 * time.Minute

// eventually polls for what gives no event. What is missing says wrong; nothing is
// the end. To look must not keep the machine from what is looked for: most of the
// time is left to that.
func eventually(t *testing.T, what string, wrong func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		begin := time.Now()
		missing := wrong()
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s: %s", patience, what, missing)
		}
		time.Sleep(max(50*time.Millisecond, 4*time.Since(begin)))
	}
}

// each calls do for all, so many at a time.
func each[T any](t *testing.T, all []T, atOnce int, do func(T) error) {
	t.Helper()
	var work sync.WaitGroup
	var failed atomic.Bool
	next := make(chan T)
	for range atOnce {
		work.Go(func() {
			for x := range next {
				if err := do(x); err != nil {
					t.Error(err)
					failed.Store(true)
				}
			}
		})
	}
	for _, x := range all {
		next <- x
	}
	close(next)
	if work.Wait(); failed.Load() {
		t.FailNow()
	}
}

// took logs how long something took: a figure, and not what a test is about.
func took(t *testing.T, what string, since time.Time) {
	t.Helper()
	t.Logf("%-32s %6.2f s", what, time.Since(since).Seconds())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
