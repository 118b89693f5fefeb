// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"testing"
	"time"
)

// leasedPID is systemd's idea of it; "0" when it does not run.
func leasedPID(t testing.TB) string {
	t.Helper()
	return must(t, "systemctl", "show", "-P", "MainPID", "leased.service")
}

// noLeased stops leased and its socket. When the scene ends the socket is there again.
func (s *scene) noLeased() {
	s.Helper()
	must(s, "systemctl", "stop", "leased.socket", "leased.service")
	s.Cleanup(func() { must(s, "systemctl", "start", "leased.socket") })
}

// waitLeased waits until leased runs as another process than pid.
func waitLeased(t testing.TB, pid string) {
	t.Helper()
	eventually(t, 5*time.Second, "leased runs again", func() bool {
		now := leasedPID(t)
		return now != pid && now != "0" && try("systemctl", "is-active", "leased.service").out == "active"
	})
}
