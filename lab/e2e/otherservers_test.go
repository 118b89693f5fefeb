// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// onOthers is a scene with each of the others, in place of the LAN's server.
func onOthers(t *testing.T, play func(s *scene, name string)) {
	for name, o := range others {
		if _, err := exec.LookPath(o.program); err != nil && name == "isc" {
			continue // Debian has it up to trixie
		}
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.noServer()
			play(s, name)
		})
	}
}

// holds checks that leased and the kernel agree on the container's address, and
// returns it.
func (c *container) holds() string {
	c.s.Helper()
	st := c.s.lease(c.inspect().ID, "eth0")
	if st == nil || st.Lease == nil {
		c.s.Fatalf("%v has no lease", c)
	}
	equal(c.s, "address", c.link("eth0").ipv4(), []string{st.Lease.Address.String()})
	return bare(*st)
}

// A lease, a renewal and its end, and the server's own lease table.
func TestOtherServers(t *testing.T) {
	onOthers(t, func(s *scene, name string) {
		r := s.serve(name, usual)
		r.has()
		c := s.run("", "--network", s.bridge())
		addr := c.holds()
		c.hasRoutes(viaEth0)
		contains(s, "resolv.conf", c.exec("cat", "/etc/resolv.conf"), "nameserver 192.0.2.53", "search "+r.o.domain)
		c.livesOn(r, addr)
	})
}

// The server has gone for good, and its container asks another one at T2. It keeps
// its address where the other one goes on with it; else the lease runs out.
func TestSecondServer(t *testing.T) {
	onOthers(t, func(s *scene, name string) {
		first := s.serve(name, usual)
		c := s.run("", "--network", s.bridge())
		old := c.holds()
		first.stop()
		second := s.serve(name, place{s.secondServer(), "192.0.2", "10"})
		c.bindsTo(secondAddr)
		states, addr := "RENEWING REBINDING SELECTING REQUESTING BOUND", c.holds()
		if second.o.takesOver {
			states = "RENEWING REBINDING BOUND"
			equal(s, "the address", addr, old)
		}
		equal(s, "the states", c.states(), states)
		c.livesOn(second, addr)
	})
}

// The server has another range, and its lease table as it was. A NAK ends a lease at
// once; where the server says nothing, it runs out.
func TestOthersNewRange(t *testing.T) {
	onOthers(t, func(s *scene, name string) {
		r := s.serve(name, usual)
		c := s.run("", "--network", s.bridge())
		c.holds()
		r.stop()
		r.at.ten = "20"
		r.begin()
		id := c.inspect().ID
		eventually(s, 15*time.Second, "an address of the new range", func() bool {
			st := s.lease(id, "eth0")
			return st.State == "BOUND" && strings.HasPrefix(bare(*st), "192.0.2.20")
		})
		states := "RENEWING REBINDING SELECTING REQUESTING BOUND"
		if r.o.refuses {
			states = "RENEWING SELECTING REQUESTING BOUND"
		}
		equal(s, "the states", c.states(), states)
		equal(s, "leased hears a NAK", strings.Contains(s.journal(), "server refused the address"), r.o.refuses)
		addr := c.holds()
		c.hasRoutes(viaEth0)
		c.livesOn(r, addr)
	})
}

// The server is away until the lease is over: the container is without an address
// then, and has one of the new subnet as soon as the server is back.
func TestLeaseEnds(t *testing.T) {
	s := begin(t)
	s.noServer()
	first := s.serve("kea", usual)
	c := s.run("", "--network", s.bridge())
	c.holds()
	first.stop()
	eventually(s, 12*time.Second, "the lease is over", func() bool { return len(c.link("eth0").ipv4()) == 0 })
	c.hasRoutes()
	const gateway = "198.51.100.1"
	s.moveRouter(gateway)
	again := s.serve("kea", place{"router", "198.51.100", "10"})
	c.bindsTo(gateway)
	equal(s, "the states", c.states(), "RENEWING REBINDING SELECTING REQUESTING BOUND")
	c.hasRoutes("default via " + gateway + " dev eth0 metric 90")
	c.livesOn(again, c.holds())
}

// bindsTo waits until the container has a lease of a server.
func (c *container) bindsTo(server string) {
	c.s.Helper()
	id := c.inspect().ID
	eventually(c.s, 15*time.Second, "a lease of "+server, func() bool {
		st := c.s.lease(id, "eth0")
		return st.State == "BOUND" && st.Lease.Server.String() == server
	})
	eventually(c.s, 3*time.Second, "one address", func() bool { return len(c.link("eth0").ipv4()) == 1 })
}

// livesOn checks the rest of the life of a lease: the LAN reaches the container, it
// renews, and is given back.
func (c *container) livesOn(r *running, addr string) {
	c.s.Helper()
	ping(c.s, addr)
	r.has(addr)
	c.s.renews(c)
	c.remove()
	r.gone(addr)
	r.has()
}

// moveRouter gives the router another address, until the scene ends.
func (s *scene) moveRouter(addr string) {
	s.Helper()
	ip := func(what, addr string) { must(s, "ip", "-n", "router", "address", what, addr+"/24", "dev", "lan0") }
	ip("del", router)
	ip("add", addr)
	s.Cleanup(func() { ip("del", addr); ip("add", router) })
}

var stateLine = regexp.MustCompile(` msg=state .*\bstate=([A-Z]+)`)

// states are those that the container's lease has entered after its first BOUND, up to
// the next one, by leased's log.
func (c *container) states() string {
	c.s.Helper()
	var all []string
	for line := range strings.Lines(c.s.journal()) {
		if m := stateLine.FindStringSubmatch(line); m != nil && strings.Contains(line, " container="+c.name+" ") {
			all = append(all, m[1])
		}
	}
	_, after, _ := strings.Cut(strings.Join(all, " "), " BOUND ")
	if until, _, more := strings.Cut(after, " BOUND"); more {
		return until + " BOUND"
	}
	return after
}

// secondAddr is where the other server is.
const secondAddr = "192.0.2.2"

// secondServer makes a netns on the LAN for another server, and returns its name.
func (s *scene) secondServer() string {
	s.Helper()
	must(s, "ip", "netns", "add", "second")
	s.Cleanup(func() { must(s, "ip", "netns", "delete", "second") })
	for _, args := range []string{
		"router link add up2 type veth peer name lan0 netns second", "router link set up2 master lan0 up",
		"second link set lo up", "second link set lan0 up", "second address add " + secondAddr + "/24 dev lan0",
	} {
		must(s, "ip", append([]string{"-n"}, strings.Fields(args)...)...)
	}
	return "second"
}

// renews waits for a renewal, by what the kernel says of the address.
func (s *scene) renews(c *container) {
	s.Helper()
	last := c.link("eth0").valid()
	eventually(s, 15*time.Second, "the lifetime goes up", func() bool {
		now := c.link("eth0").valid()
		up := now > last
		last = now
		return up
	})
}
