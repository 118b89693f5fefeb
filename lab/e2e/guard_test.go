// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"testing"
	"time"
)

// A container uses an address that is not its lease's: the LAN hears it only with guard=off. The
// guard stands while leased is dead, and with the next one.
func TestGuard(t *testing.T) {
	s := begin(t)
	const another = "192.0.2.251"
	isHeard := func(c *container, from string) bool {
		return try("nsenter", in(c.pid(), "ping", "-c", "1", "-W", "1", "-I", from, router)...).code == 0
	}
	n := s.bridge()
	guarded, open := s.run("on", "--network", n), s.run("off", "--network", s.bridge("guard=off"))
	e := guarded.bound(n, "eth0")
	must(s, "nsenter", in(guarded.pid(), "ip", "address", "add", another+"/24", "dev", "eth0")...)
	look := func(when string) {
		s.Helper()
		equal(s, when+": its own address is heard", isHeard(guarded, e.IPAddress), true)
		equal(s, when+": another one is heard", isHeard(guarded, another), false)
	}
	look("at first")
	must(s, "nsenter", in(open.pid(), "ip", "address", "add", "192.0.2.252/24", "dev", "eth0")...)
	equal(s, "with guard=off another one is heard", isHeard(open, "192.0.2.252"), true)
	pid := leasedPID(s)
	must(s, "kill", "-9", pid)
	look("without leased")
	eventually(s, 5*time.Second, "another leased", func() bool { now := leasedPID(s); return now != "0" && now != pid })
	must(s, "leased", "ls")
	look("with the next leased")
	guarded.remove()
	s.says(e.MacAddress, append(dora(e.IPAddress, guarded.name), "RELEASE "+e.IPAddress)...)
}
