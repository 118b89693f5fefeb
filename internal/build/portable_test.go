// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"os"
	"os/exec"
	"testing"
)

// A machine of 32 bits has an int of 32 bits, and Go's syscall lacks some calls on it. What
// compiles for arm does so for 386.
func TestCompilesFor32Bits(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "build", "-tags", tags(t), "./...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
