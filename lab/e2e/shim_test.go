// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// shim is the name of the host's shim; empty: there is none.
func shim(s *scene) string {
	s.Helper()
	for line := range strings.Lines(must(s, "ip", "-o", "link", "show", "type", "macvlan")) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "vethnd") {
			name, _, _ := strings.Cut(fields[1], "@")
			return name
		}
	}
	return ""
}

// shimAddr is the address of the host's shim.
func shimAddr(s *scene) string {
	s.Helper()
	name := shim(s)
	if name == "" {
		return ""
	}
	_, after, _ := strings.Cut(must(s, "ip", "-4", "-o", "addr", "show", "dev", name), " inet ")
	addr, _, _ := strings.Cut(after, "/")
	return addr
}

// reachEachOther waits until the host and a container do.
func (c *container) reachEachOther(n string) {
	c.s.Helper()
	addr := c.endpoint(n).IPAddress
	eventually(c.s, 4*time.Second, "host and container reach each other", func() bool {
		own := shimAddr(c.s)
		return own != "" && try("ping", "-c", "1", "-W", "1", addr).code == 0 && c.reaches(own)
	})
}

// Host and containers of a macvlan network reach each other, also after leased was killed and
// somebody took the shim away meanwhile. With the last container it is gone, and its lease is given
// back.
func TestShim(t *testing.T) {
	for name, option := range map[string]string{"address": "192.0.2.9", "lease": "dhcp"} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			n := s.macvlan("shim=" + option)
			a, b := s.run("a", "--network", n), s.run("b", "--network", n)
			a.reachEachOther(n)
			b.reachEachOther(n)
			own := shimAddr(s)
			must(s, "ip", "link", "delete", shim(s))
			a.reachEachOther(n)

			pid := leasedPID(s)
			must(s, "systemctl", "kill", "--signal", "KILL", "leased.service")
			must(s, "ip", "link", "delete", shim(s))
			waitLeased(s, pid)
			b.reachEachOther(n)
			equal(s, "the shim's address", shimAddr(s), own)

			a.remove()
			b.reachEachOther(n)
			b.remove()
			eventually(s, 3*time.Second, "the shim is gone", func() bool { return shim(s) == "" })
			if option != "dhcp" {
				equal(s, "the shim's address", own, option)
				return
			}
			eventually(s, 3*time.Second, "the lease is given back", func() bool {
				return strings.Contains(strings.Join(logLines(s)[s.mark:], "\n"), "DHCPRELEASE(lan0) "+own)
			})
		})
	}
}
