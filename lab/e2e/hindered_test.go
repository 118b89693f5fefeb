// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/netns"
)

// Something in the container keeps the renewal from going out. At T2 the packet
// socket asks, which no firewall hears and no port concerns.
func TestRenewalHindered(t *testing.T) {
	for name, hinder := range map[string]func(c *container){
		"firewall": func(c *container) {
			must(c.s, "nsenter", in(c.pid(), "nft", "add table ip e2e; add chain ip e2e out { type filter hook output priority 0; };"+
				"add rule ip e2e out udp dport 67 drop; add chain ip e2e in { type filter hook input priority 0; }; add rule ip e2e in udp dport 68 drop")...)
		},
		"client": func(c *container) { c.takePort68() }, // as a DHCP client of the image does
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.server(renewing("2", "3")...)
			n := s.bridge()
			c := s.run("", "--network", n)
			e := c.bound(n, "eth0")
			hinder(c)
			s.heard(e.MacAddress, "ACK", 2, 8*time.Second)
			eventually(s, 3*time.Second, "the new lease", func() bool { return leases(s)[e.MacAddress].State != "REBINDING" })
			equal(s, "the states", c.states(), "RENEWING REBINDING BOUND")
			equal(s, "the address", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
			c.hasRoutes(viaEth0)
		})
	}
}

// takePort68 has a socket in the container that leased's would have to share.
func (c *container) takePort68() {
	c.s.Helper()
	ns, err := netns.Open("/proc/" + strconv.Itoa(c.pid()) + "/ns/net")
	if err != nil {
		c.s.Fatal(err)
	}
	defer ns.Close()
	var conn net.PacketConn
	if err := ns.Do(func() (err error) { conn, err = net.ListenPacket("udp4", ":68"); return err }); err != nil {
		c.s.Fatal(err)
	}
	c.s.Cleanup(func() { conn.Close() })
}

// The server has gone when the container does: nobody waits for it.
func TestEndWithoutServer(t *testing.T) {
	s := begin(t)
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		e := c.bound(n, "eth0")
		must(s, "lan", "stop")
		begun := time.Now()
		c.remove()
		if took := time.Since(begun); took > 3*time.Second {
			s.Errorf("the end took %v", took)
		}
		nothingLeft(s)
		s.noLeases()
		s.server()
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
	}
}

// The server has one address: the second container is told that it gets none, and
// gets it once the first has gone.
func TestPoolIsEmpty(t *testing.T) {
	s := begin(t)
	must(s, "lan", "forget")
	s.server("--dhcp-range=192.0.2.70,192.0.2.70,255.255.255.0,2m")
	n := s.bridge("lease_timeout=2s")
	first := s.run("a", "--network", n)
	e := first.bound(n, "eth0")
	contains(s, "the error", s.runFails("b", "--network", n), "no DHCP server answered on br0 within 2s")
	first.bound(n, "eth0")
	first.remove()
	s.heard(e.MacAddress, "RELEASE", 1, 3*time.Second)
	equal(s, "the address", s.run("b", "--network", n).bound(n, "eth0").IPAddress, "192.0.2.70")
}

// A lease of two seconds is renewed each second, no more often, and the address never
// goes.
func TestLeaseOfSeconds(t *testing.T) {
	s := begin(t)
	s.noServer()
	brief := others["kea"]
	brief.config = strings.Replace(brief.config, `"valid-lifetime": 6, "renew-timer": 2, "rebind-timer": 3`, `"valid-lifetime": 2`, 1)
	s.start("kea", brief, usual)
	dump, begun := s.capture(), time.Now()
	c := s.run("", "--network", s.bridge())
	addr, mac := c.holds(), c.link("eth0").Address
	eventually(s, 10*time.Second, "five renewals", func() bool {
		equal(s, "the address", c.link("eth0").ipv4(), []string{addr + "/24"})
		return len(dump.of(mac)) >= 2+5
	})
	if took := time.Since(begun); took < 5*time.Second {
		s.Errorf("five renewals took %v", took)
	}
	equal(s, "leased's log has an unbind", strings.Contains(s.journal(), "msg=unbind"), false)
}
