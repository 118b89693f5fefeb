// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// asLeased makes the test binary be the daemon: with "pid", one that systemd started
// with a socket.
const asLeased = "LEASED_TEST_MAIN"

// The test binary is the daemon where it is called so, too.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "leased" {
		main()
		return
	}
	switch os.Getenv(asLeased) {
	case "pid":
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		main()
	case "":
		testlan.Main(m)
	default:
		main()
	}
}
