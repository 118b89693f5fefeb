// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/wanted"
)

func TestBridge(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	equal(s, "podman's gateway", e.Gateway, router)
	c.hasRoutes("default via 192.0.2.1 dev eth0 metric 90")
	equal(s, "the container's links", c.linkNames(), []string{"eth0"})
	host := c.hostEnd("eth0")
	equal(s, "the host end's bridge", host.Master, "br0")
	contains(s, "the host end's alias", host.Alias, c.name, n, wanted.ShortID(c.inspect().ID))
	if !strings.HasPrefix(host.IfName, "vethnd") {
		s.Errorf("the host end's name is %s", host.IfName)
	}
	s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
	c.remove()
	s.says(e.MacAddress, "RELEASE "+e.IPAddress)
	equal(s, "the server's table after the end", table(s)[e.MacAddress], entry{})
	contains(s, "leased's log", s.journal(), "reason=released") // and not: found dead
}

// A lease at rest costs no socket in the container and no descriptor of its netns.
func TestRest(t *testing.T) {
	s := begin(t)
	c := s.run("", "--network", s.bridge())
	pid := c.pid()
	for _, kind := range []string{"packet", "udp", "raw"} {
		eventually(s, 2*time.Second, "no "+kind+" socket in the container", func() bool {
			sockets, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, kind))
			return err == nil && strings.Count(string(sockets), "\n") == 1 // the heading
		})
	}
	home, _ := os.Readlink("/proc/self/ns/net")
	eventually(s, 2*time.Second, "no netns held by leased", func() bool { return len(pinned("/proc/"+leasedPID(s), home)) == 0 })
}

func TestIsolate(t *testing.T) {
	s := begin(t)
	n := s.bridge("isolate=true")
	a, b := s.run("a", "--network", n), s.run("b", "--network", n)
	for _, c := range []*container{a, b} {
		c.bound(n, "eth0")
		if !c.hostEnd("eth0").LinkInfo.SlaveData.Isolated {
			s.Errorf("%v: the port is not isolated", c)
		}
	}
	if a.reaches(b.endpoint(n).IPAddress) {
		s.Error("isolated containers reach each other")
	}
	open := s.run("c", "--network", s.bridge())
	if open.hostEnd("eth0").LinkInfo.SlaveData.Isolated {
		s.Error("the port is isolated, and should not be")
	}
}

func TestUserNamespace(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n, "--uidmap", "0:100000:65536", "--pid", "host")
	e := c.bound(n, "eth0")
	c.remove()
	s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "RELEASE "+e.IPAddress)...)
}
