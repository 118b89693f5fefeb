// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import "testing"

// leased is restarted, or killed, while a container's start waits for a lease: the
// next one gets it.
func TestStartOutlivesLeased(t *testing.T) {
	for how, end := range map[string][]string{
		"restart": {"systemctl", "restart", "leased.service"},
		"kill":    {"systemctl", "kill", "--signal", "KILL", "leased.service"},
	} {
		t.Run(how, func(t *testing.T) {
			s := begin(t)
			n := s.bridge()
			s.noServer()
			c := &container{s, s.name}
			_, ended := s.waiting(c, "--network", n)
			must(s, end[0], end[1:]...)
			must(s, "lan", "server")
			if r := <-ended; r.code != 0 {
				t.Fatalf("podman run: %v", r)
			}
			e := c.bound(n, "eth0")
			ping(s, e.IPAddress)
		})
	}
}
