// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestConnectDisconnect(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.macvlan()
	c := s.run("", "--network", a)
	first := c.bound(a, "eth0")
	must(s, "podman", "network", "connect", b, c.name)
	second := c.bound(b, "eth1")
	s.says(second.MacAddress, dora(second.IPAddress, c.name)...)
	c.hasRoutes(viaEth0, "default via 192.0.2.1 dev eth1 metric 91")
	must(s, "podman", "network", "disconnect", a, c.name)
	s.says(first.MacAddress, append(dora(first.IPAddress, c.name), "RELEASE "+first.IPAddress)...)
	equal(s, "the links", c.linkNames(), []string{"eth1"})
	c.hasRoutes("default via 192.0.2.1 dev eth1 metric 91")
	must(s, "podman", "network", "connect", "--ip", "192.0.2.77", a, c.name)
	third := c.bound(a, "eth0")
	equal(s, "the address asked for at connect", third.IPAddress, "192.0.2.77")
	s.says(third.MacAddress, comesBack("192.0.2.77", c.name)...)
	must(s, "podman", "network", "disconnect", b, c.name)
	s.says(second.MacAddress, "RELEASE "+second.IPAddress)
}

func TestConnectBeforeStart(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.macvlan()
	c := &container{s, s.name}
	must(s, "podman", "create", "--name", c.name, "--network", a, image, "sleep", "1000")
	must(s, "podman", "network", "connect", b, c.name)
	must(s, "podman", "start", c.name)
	c.bound(a, "eth0")
	c.bound(b, "eth1")
}

func TestConnectFails(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.macvlan("lease_timeout=2s")
	c := s.run("", "--network", a)
	pid := c.pid() // after the failure podman 5.4's inspect fails as well
	s.noServer()
	s.failed(try("podman", "network", "connect", b, c.name))
	var names []string
	for _, l := range mustJSON[[]link](s, "nsenter", in(pid, "ip", "-j", "address")...) {
		names = append(names, l.IfName)
	}
	equal(s, "the links", names, []string{"lo", "eth0"})
}

// Podman tears the network down and sets it up in the same netns, and asks for the
// addresses that it had.
func TestReload(t *testing.T) {
	s := begin(t)
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		before, pid := c.bound(n, "eth0"), c.pid()
		must(s, "podman", "network", "reload", c.name)
		equal(s, "the attachment after reload", c.bound(n, "eth0"), before)
		equal(s, "the container's process", c.pid(), pid)
		c.hasRoutes(viaEth0)
		log := append(dora(before.IPAddress, c.name), "RELEASE "+before.IPAddress)
		s.says(before.MacAddress, append(log, comesBack(before.IPAddress, c.name)...)...)
	}
}

func TestRestart(t *testing.T) {
	s := begin(t)
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		before := c.bound(n, "eth0")
		must(s, "podman", "restart", "-t", "0", c.name)
		equal(s, "the attachment after restart", c.bound(n, "eth0"), before)
		c.hasRoutes(viaEth0)
		log := append(dora(before.IPAddress, c.name), "RELEASE "+before.IPAddress)
		s.says(before.MacAddress, append(log, comesBack(before.IPAddress, c.name)...)...)
	}
}

func TestRestartPolicy(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n, "--restart", "always")
	before, pid := c.bound(n, "eth0"), c.pid()
	kill(s, pid)
	eventually(s, 5*time.Second, "the container runs again", func() bool { now := c.pid(); return now != 0 && now != pid })
	equal(s, "the attachment after the restart", c.bound(n, "eth0"), before)
}

func TestPod(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	must(s, "podman", "pod", "create", "--name", s.name, "--network", n, "--infra-name", s.name+"-infra")
	a, b := s.run("a", "--pod", s.name), s.run("b", "--pod", s.name)
	infra := &container{s, s.name + "-infra"}
	e := infra.bound(n, "eth0")
	s.says(e.MacAddress, dora(e.IPAddress, s.name)...) // the pod's name
	for _, c := range []*container{a, b} {
		equal(s, c.name+"'s addresses", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
	}
	must(s, "podman", "rm", "-f", "-t", "0", a.name)
	infra.bound(n, "eth0")
	must(s, "podman", "pod", "rm", "-f", "-t", "0", s.name)
	s.says(e.MacAddress, "RELEASE "+e.IPAddress)
}

// However a container ends, the server hears of it and nothing is left.
func TestEnd(t *testing.T) {
	for name, end := range map[string]func(s *scene, c *container){
		"stop":  func(s *scene, c *container) { must(s, "podman", "stop", "-t", "0", c.name) },
		"kill":  func(s *scene, c *container) { must(s, "podman", "kill", c.name) },
		"kill9": func(s *scene, c *container) { kill(s, c.pid()) },
		"rm":    func(_ *scene, c *container) { c.remove() },
		"pause": func(s *scene, c *container) { must(s, "podman", "pause", c.name); c.remove() },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			for _, n := range []string{s.bridge(), s.macvlan()} {
				c := s.run(n, "--network", n)
				e := c.bound(n, "eth0")
				end(s, c)
				s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "RELEASE "+e.IPAddress)...)
				nothingLeft(s) // the container is still there, if not removed
				s.noLeases()
			}
		})
	}
}

// Nobody tells leased: the plugin is gone. It hears of the container's end itself.
func TestEndUntold(t *testing.T) {
	s := begin(t)
	const plugin = "/usr/libexec/netavark/net-dhcp"
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		e := c.bound(n, "eth0")
		if err := os.Rename(plugin, plugin+".away"); err != nil {
			s.Fatal(err)
		}
		try("podman", "stop", "-t", "0", c.name)
		try("podman", "rm", "-f", "-t", "0", c.name)
		if err := os.Rename(plugin+".away", plugin); err != nil {
			s.Fatal(err)
		}
		s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "RELEASE "+e.IPAddress)...)
		nothingLeft(s)
		s.noLeases()
	}
}

func TestShortLife(t *testing.T) {
	s := begin(t)
	n := s.bridge("mac=02:00:5e:00:00:06")
	out := must(s, "podman", "run", "--rm", "--name", s.name, "--network", n, image, "ip", "-4", "address", "show", "eth0")
	addr := "192.0.2.77"
	for _, m := range s.messages() {
		if m.mac == "02:00:5e:00:00:06" && len(m.text) > 4 && m.text[:4] == "ACK " {
			addr = m.text[4 : len(m.text)-len(s.name)-1]
		}
	}
	contains(s, "what the container prints", out, "inet "+addr+"/24")
	s.says("02:00:5e:00:00:06", append(dora(addr, s.name), "RELEASE "+addr)...)
}

func kill(s *scene, pid int) {
	s.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.Fatalf("kill %s: %v", strconv.Itoa(pid), err)
	}
}
