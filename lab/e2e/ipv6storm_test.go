// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// prefixes6 is an advertisement with 40 prefixes that no other number has, each on the link
// for ever.
func prefixes6(n uint32) []byte {
	ra := []byte{134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0}
	for i := range uint32(40) {
		o := make([]byte, 32)
		o[0], o[1], o[2], o[3] = 3, 4, 64, 0x80
		binary.BigEndian.PutUint32(o[4:], 0xffffffff)
		copy(o[16:], []byte{0xfd, 0x77})
		binary.BigEndian.PutUint32(o[20:], n*40+i)
		ra = append(ra, o...)
	}
	return ra
}

// routes6 is how many IPv6 routes the container has.
func (c *container) routes6() int {
	c.s.Helper()
	return strings.Count(must(c.s, "nsenter", in(c.pid(), "ip", "-6", "route")...), "\n")
}

// storms has a host of the LAN send 80,000 prefixes to the container alone. Nobody hears them but
// its kernel, which takes the first.
func (c *container) storms() string {
	s, h := c.s, c.s.hog()
	s.Helper()
	to := &net.IPAddr{IP: net.ParseIP(c.link("eth0").local6()), Zone: h.all.Zone}
	for n := range uint32(2000) {
		if _, err := h.conn.WriteTo(prefixes6(n), to); err != nil {
			s.Fatal(err)
		}
	}
	if n := c.routes6(); n > 40000 {
		return strconv.Itoa(n) + " IPv6 routes"
	}
	return ""
}

// calms: a storm of advertisements to one container ends.
func calms(s *scene) string {
	s.Helper()
	s.server6(both)
	c := s.run("calms", "--network", s.bridge("ipv6=auto", patient))
	c.has6("dhcp", "slaac")
	return c.storms()
}

// The container keeps what it had; a container on a macvlan, which no guard protects, too.
func TestIPv6StormToOne(t *testing.T) {
	s := begin(t)
	s.server6(both)
	before := map[*container]map[string]netip.Prefix{}
	for where, n := range map[string]string{"bridge": s.bridge("ipv6=auto", patient), "nic": s.macvlan("ipv6=auto", patient)} {
		c := s.run(where, "--network", n)
		before[c] = c.has6("dhcp", "slaac") // DAD is over; a hog would claim their addresses
	}
	for c, had := range before {
		if err := c.storms(); err != "" {
			s.Errorf("%s: %s", c.name, err)
		}
		s.Logf("%s: %d IPv6 routes of 80,000", c.name, c.routes6())
		equal(s, "the addresses", c.has6("dhcp", "slaac"), had)
		if c.logged("flood of router advertisements to this container") != 1 {
			s.Errorf("%s: not logged", c.name)
		}
	}
}

// A host of the LAN sends 5,000 advertisements, as many as it can. The container's kernel
// takes the first, leased has it take no more, and the container keeps what it had.
func TestIPv6Storm(t *testing.T) {
	s := begin(t)
	s.server6(both)
	c := s.run("", "--network", s.bridge("ipv6=auto", patient))
	before := c.has6("dhcp", "slaac")
	h := s.hog()
	for n := range uint32(5000) {
		if _, err := h.conn.WriteTo(prefixes6(n), h.all); err != nil {
			s.Fatal(err)
		}
	}
	routes := c.routes6()
	s.Logf("%d IPv6 routes of 200,000", routes)
	if routes > 2000 {
		s.Errorf("the container has %d IPv6 routes", routes)
	}
	equal(s, "the addresses", c.has6("dhcp", "slaac"), before)
	contains(s, "the log", s.journal(), "flood of router advertisements")
}
