// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// Whoever configures the host's network takes a port out of its bridge, deletes a link, and makes
// a bridge anew: the running container is on the LAN again, with its address.
func TestCutOff(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "br7", "type", "bridge")
	must(s, "ip", "link", "add", "up7", "type", "veth", "peer", "name", "down7")
	s.Cleanup(func() { try("ip", "link", "delete", "br7"); try("ip", "link", "delete", "up7") })
	must(s, "ip", "link", "set", "down7", "master", "br0", "up")
	plug := func() {
		must(s, "ip", "link", "set", "up7", "master", "br7", "up")
		must(s, "ip", "link", "set", "br7", "up")
	}
	plug()
	n := s.network(opts("bridge=br7", nil)...)
	c := s.run("", "--network", n)
	was := c.bound(n, "eth0")
	port := func() string {
		for line := range strings.Lines(must(s, "ip", "-br", "link", "show", "master", "br7")) {
			if name, _, _ := strings.Cut(strings.Fields(line)[0], "@"); name != "up7" {
				return name
			}
		}
		return ""
	}
	trouble := func() string { return leases(s)[was.MacAddress].Trouble }
	for what, cut := range map[string]func(){
		"unplugged": func() { must(s, "ip", "link", "set", port(), "nomaster") },
		"deleted":   func() { must(s, "ip", "link", "delete", port()) },
		"bridge": func() {
			must(s, "ip", "link", "delete", "br7")
			eventually(s, 2*time.Second, "the bridge is missed", func() bool { return trouble() == "bridge br7 is gone" })
			must(s, "ip", "link", "add", "br7", "type", "bridge")
			plug()
		},
	} {
		cut()
		eventually(s, 3*time.Second, what+": the container is on the LAN again", func() bool {
			return port() != "" && trouble() == "" && c.reaches("192.0.2.1")
		})
		if is := c.bound(n, "eth0"); is.IPAddress != was.IPAddress || is.MacAddress != was.MacAddress {
			t.Errorf("%s: it was %v, and is %v", what, was, is)
		}
	}
}
