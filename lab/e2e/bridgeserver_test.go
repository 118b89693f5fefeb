// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// The server is on the host itself, on the very bridge that the container is on: a
// client that sends from the host's side would not be heard there.
func TestServerOnTheBridge(t *testing.T) {
	s := begin(t)
	const gateway = "198.51.100.1"
	must(s, "ip", "link", "add", "br7", "type", "bridge", "stp_state", "0")
	s.Cleanup(func() { must(s, "ip", "link", "delete", "br7") })
	must(s, "ip", "address", "add", gateway+"/24", "dev", "br7")
	must(s, "ip", "link", "set", "br7", "up")
	local := others["dnsmasq"]
	local.config = strings.ReplaceAll(local.config, "lan0", "br7")
	local.released = "DHCPRELEASE(br7) ADDR"
	r := s.start("dnsmasq", local, place{"", "198.51.100", "10"})
	c := s.run("", "--network", s.network(opts("bridge=br7", nil)...))
	addr := c.holds()
	c.hasRoutes("default via " + gateway + " dev eth0 metric 90")
	equal(s, "the gateway answers", c.reaches(gateway), true)
	r.has(addr)
	s.renews(c)
	kill(s, c.pid()) // and its netns: the RELEASE comes from a link that stands in
	r.gone(addr)
	r.has()
	eventually(s, 2*time.Second, "leased has no lease", func() bool { return len(leases(s)) == 0 })
}
