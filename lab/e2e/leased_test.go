// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strconv"
	"testing"
	"time"
)

// Whatever happens to leased, the containers keep their leases, and they are
// renewed: no DISCOVER, no other address.
func TestLeasedGoesAndComes(t *testing.T) {
	for name, restart := range map[string]func(s *scene, pid string){
		"kill9": func(s *scene, pid string) {
			n, _ := strconv.Atoi(pid)
			kill(s, n)
			waitLeased(s, pid)
		},
		"term": func(s *scene, pid string) { // not by systemctl
			must(s, "kill", pid)
			waitLeased(s, pid)
		},
		"restart": func(s *scene, pid string) {
			must(s, "systemctl", "restart", "leased.service")
			waitLeased(s, pid)
		},
		"stop": func(s *scene, _ string) { // SIGTERM; the next caller starts it
			must(s, "systemctl", "stop", "leased.service")
			equal(s, "leased's process", leasedPID(s), "0")
			must(s, "leased", "ls")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.server("--dhcp-option-force=option:T1,3", "--dhcp-option-force=option:T2,10")
			a, b := s.bridge(), s.macvlan()
			c, d := s.run("a", "--network", a), s.run("b", "--network", b)
			e, f := c.bound(a, "eth0"), d.bound(b, "eth0")
			restart(s, leasedPID(s))
			equal(s, "the first container's attachment", c.bound(a, "eth0"), e)
			equal(s, "the second container's attachment", d.bound(b, "eth0"), f)
			c.hasRoutes(viaEth0)
			s.heard(e.MacAddress, "ACK", 2, 8*time.Second)
			s.heard(f.MacAddress, "ACK", 2, 8*time.Second)
			c.remove()
			d.remove()
			for _, x := range []struct {
				*container
				endpoint
			}{{c, e}, {d, f}} {
				s.heard(x.MacAddress, "RELEASE", 1, 3*time.Second)
				log := s.withRenewals(x.MacAddress, x.IPAddress, x.name, dora(x.IPAddress, x.name)...)
				s.says(x.MacAddress, append(log, "RELEASE "+x.IPAddress)...)
			}
		})
	}
}

// A container that goes while leased is dead is forgotten by the next leased.
func TestLeasedAbsentAtEnd(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c, d := s.run("a", "--network", n), s.run("b", "--network", n)
	e := c.bound(n, "eth0")
	s.noLeased()
	must(s, "podman", "stop", "-t", "0", c.name)
	must(s, "podman", "rm", "-f", "-t", "0", c.name, d.name)
	s.says(e.MacAddress, dora(e.IPAddress, c.name)...) // nobody there to say RELEASE
	must(s, "systemctl", "start", "leased.socket")
	s.noLeases()
	nothingLeft(s)
}

func TestLeasedAbsent(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	s.noLeased()
	contains(s, "the error", s.runFails("", "--network", n), "/run/leased/leased.sock", "systemctl enable --now leased.socket")
	nothingLeft(s)
	must(s, "systemctl", "start", "leased.socket")
	s.run("", "--network", n).bound(n, "eth0")
}

// The socket file of a leased that is dead, with nobody behind it.
func TestLeasedSocketStale(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	s.noLeased()
	stale(s, "/run/leased/leased.sock")
	contains(s, "the error", s.runFails("", "--network", n), "systemctl enable --now leased.socket")
}
