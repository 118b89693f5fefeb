// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// sleeper starts a process in ns, as a container's init, until the test ends.
func sleeper(t *testing.T, ns *testlan.NS) (pid int) {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	ns.Start(cmd)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}
