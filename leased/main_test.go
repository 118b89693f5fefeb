// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// asLeased makes the test binary be leased: with "pid", one that systemd started
// with a socket.
const asLeased = "LEASED_TEST_MAIN"

// The test binary is leased where it is called so, too.
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

// leased runs leased in here and returns what it prints. Not in parallel: cli's
// flags for help and version are global.
func leased(args ...string) (string, error) {
	var out bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &out
	err := a.Run(append([]string{"leased"}, args...))
	return out.String(), err
}
