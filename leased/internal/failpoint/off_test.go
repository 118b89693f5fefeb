// SPDX-License-Identifier: Apache-2.0

//go:build !failpoint

package failpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

func goTool(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %q: %v: %s", args, err, out)
	}
	return out
}

// A leased without the tag has nothing of this package, not even the variable's
// name; one with it has, or this test would see nothing.
func TestReleasedLeasedHasNoFailpoints(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"", "failpoint"} {
		file := filepath.Join(t.TempDir(), "leased")
		goTool(t, "build", "-tags", tag, "-o", file, "../..")
		binary, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		symbols := bytes.Contains(goTool(t, "tool", "nm", file), []byte("internal/failpoint."))
		variable := bytes.Contains(binary, []byte("LEASED_FAILPOINT"))
		if want := tag != ""; symbols != want || variable != want {
			t.Errorf("with tag %q: symbols %v, variable %v", tag, symbols, variable)
		}
	}
}

func TestWithTheTag(t *testing.T) {
	t.Parallel()
	goTool(t, "test", "-count=1", "-tags", "failpoint", ".")
}
