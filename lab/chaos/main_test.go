// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

// build makes a leased that ends at failpoints, and beside it leased's tool and the plugin that
// calls leased, both of its programs.
func build(t *testing.T) (program string) {
	t.Helper()
	dir := t.TempDir()
	for name, pkg := range map[string]string{
		"leased": "leased", "helper": "leased/helper", "tool": "leased/tool", "netavark-plugin": "netavark-plugin", "libexec/leased/net-dhcp": "netavark-plugin/full",
	} {
		cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", filepath.Join(dir, name), "podman-net-dhcp/"+pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v: %s", pkg, err, out)
		}
	}
	return filepath.Join(dir, "leased")
}

// beside is a program that was built with the host's leased.
func (h *host) beside(name string) string { return filepath.Join(filepath.Dir(h.program), name) }
