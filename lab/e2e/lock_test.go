// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"testing"
	"time"
)

// Podman holds its network lock while a plugin works: the time is not the container's to choose.
func TestContainerOnlyShortensItsTime(t *testing.T) {
	s := begin(t)
	s.noServer()
	n, plain := s.bridge("lease_timeout=3s"), s.name+"plain"
	must(s, "podman", "network", "create", plain)
	c, begun := &container{s, s.name}, time.Now()
	_, ended := s.waiting(c, "--network", n+":lease_timeout=40s,ip=192.0.2.1,ip_policy=require")
	s.run("plain", "--network", plain)
	if took := time.Since(begun); took > 8*time.Second {
		s.Errorf("another network's container starts after %v", took)
	}
	r := <-ended
	s.failed(r)
	contains(s, "the error", r.err, "no DHCP server answered on br0 within 3s")
	contains(s, "the log", s.journal(), "a container's option is limited by its network's", "lease_timeout=40s")
}

// Two starts wait for all of their time. The next ones wait for a second, until a server is heard.
func TestSilentLANCostsASecond(t *testing.T) {
	s := begin(t)
	n := s.bridge("lease_timeout=5s")               // a start that asks for less than 4 s proves nothing
	s.run("known", "--network", n).bound(n, "eth0") // on a LAN without a server one start would do
	s.noServer()
	for i, suffix := range []string{"a", "b", "c"} {
		begun, within, most := time.Now(), "within 1s, and another start", 4*time.Second
		if i < 2 {
			within, most = "within 5s, but one has answered others", 8*time.Second
		}
		contains(s, "the error", s.runFails(suffix, "--network", n), within)
		if took := time.Since(begun); took > most {
			s.Errorf("start %d took %v", i, took)
		}
	}
	s.server()
	s.run("e", "--network", n).bound(n, "eth0")
	contains(s, "the journal", s.journal(), "bound")
}
