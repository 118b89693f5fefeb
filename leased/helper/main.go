// SPDX-License-Identifier: Apache-2.0

// leased-helper has the rights over other users' files and processes that leased does
// without. systemd starts it by a socket of its own, on which leased asks; leased starts it
// with a connected socket as its stdin where there is no systemd.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"podman-net-dhcp/leased/internal/helper"
)

// firstPassed is the first descriptor that systemd passes: SD_LISTEN_FDS_START.
const firstPassed = 3

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "leased-helper:", err)
		os.Exit(1)
	}
}

func run() error {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		if err := helper.ServeOne(0); err != nil {
			return fmt.Errorf("only leased and systemd start this program: %w", err)
		}
		return nil
	}
	l, err := net.FileListener(os.NewFile(firstPassed, "systemd's socket"))
	if err != nil {
		return fmt.Errorf("take systemd's socket: %w", err)
	}
	if l, ok := l.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(false)
		return helper.Serve(l)
	}
	return errors.New("systemd must pass a unix socket; see: systemctl cat leased-helper.socket")
}
