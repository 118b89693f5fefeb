// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"testing"
)

const labTools = "/usr/local/lib/lab"

// TestMain makes the LAN that all scenes share.
func TestMain(m *testing.M) {
	if _, err := os.Stat(labTools + "/lan"); err != nil || os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "e2e: this is for the inside of the lab; run lab/e2e/run")
		os.Exit(1)
	}
	os.Setenv("PATH", os.Getenv("PATH")+":"+labTools)
	prepare, versions := [][]string{{"image"}, {"lan", "up"}, {"lan", "server"}}, [][]string{{"podman", "--version"}, {"/usr/lib/podman/netavark", "--version"}}
	// In a machine for the tests of packages it is for them to install leased.
	if _, err := os.Stat(labTools + "/packages"); err != nil {
		prepare = append(prepare, []string{"systemd-sysusers"}, []string{"systemctl", "enable", "--now", "leased.socket"})
		versions = append(versions, []string{"leased", "--version"})
	}
	for _, c := range prepare {
		if r := try(c[0], c[1:]...); r.code != 0 {
			fmt.Fprintf(os.Stderr, "e2e: %v: %v\n", c, r)
			os.Exit(1)
		}
	}
	for _, c := range versions {
		fmt.Println("#", try(c[0], c[1:]...).out)
	}
	if err := writePolicy(everything); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	empty = machine()
	os.Exit(m.Run())
}
