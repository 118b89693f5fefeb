// SPDX-License-Identifier: Apache-2.0

package helper

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// The test binary is the helper where it is called so.
func TestMain(m *testing.M) {
	host = "/proc/self" // tests have mounts of their own
	if filepath.Base(os.Args[0]) == "helper" {
		patience = 500 * time.Millisecond
		if ServeOne(0) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	testlan.Main(m)
}

// child is a client without systemd.
func child(t *testing.T) Client {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	program := filepath.Join(t.TempDir(), "helper")
	must(t, os.Symlink(self, program))
	return Client{Program: program}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
