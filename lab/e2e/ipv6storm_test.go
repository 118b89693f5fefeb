// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"encoding/binary"
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
	routes := strings.Count(must(s, "nsenter", "--target", strconv.Itoa(c.pid()), "--net", "ip", "-6", "route"), "\n")
	s.Logf("%d IPv6 routes of 200,000", routes)
	if routes > 2000 {
		s.Errorf("the container has %d IPv6 routes", routes)
	}
	equal(s, "the addresses", c.has6("dhcp", "slaac"), before)
	contains(s, "the log", s.journal(), "flood of router advertisements")
}
