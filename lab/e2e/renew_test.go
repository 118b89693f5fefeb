// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// soon makes T1 2 s and T2 5 s.
var soon = []string{"--dhcp-option-force=option:T1,2", "--dhcp-option-force=option:T2,5"}

// At T1 a lease is renewed by unicast from its address (RFC 2131 §4.4.5), the
// kernel's lifetimes are extended, and each time it is a new transaction.
func TestRenewal(t *testing.T) {
	s := begin(t)
	s.server(soon...)
	dump := s.capture()
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		first := time.Now()
		e := c.bound(n, "eth0")
		s.heard(e.MacAddress, "ACK", 3, 8*time.Second)
		// The kernel has the new lifetime a moment after the server has spoken.
		eventually(s, time.Second, "lifetimes extended", func() bool {
			return c.link("eth0").valid() > lease-int(time.Since(first).Seconds())
		})
		again := []string{"REQUEST " + e.IPAddress, "ACK " + e.IPAddress + " " + c.name}
		s.says(e.MacAddress, append(dora(e.IPAddress, c.name), append(again, again...)...)...)
		c.bound(n, "eth0")
		c.remove()
		s.says(e.MacAddress, "RELEASE "+e.IPAddress)
		s.freshXIDs(e.MacAddress)
		unicast := e.IPAddress + ".68 > 192.0.2.1.67"
		wire := []string{"0.0.0.0.68 > 255.255.255.255.67", "0.0.0.0.68 > 255.255.255.255.67", unicast, unicast, unicast}
		var got []string
		eventually(s, time.Second, "the capture", func() bool { return len(dump.of(e.MacAddress)) >= len(wire) })
		for i, f := range dump.of(e.MacAddress) {
			got = append(got, f.ip)
			if broadcast := strings.HasSuffix(f.ether, "ff:ff:ff:ff:ff:ff"); broadcast != (i < 2) {
				s.Errorf("frame %d goes %s", i, f.ether)
			}
		}
		equal(s, "DISCOVER, REQUEST, renewal, renewal, RELEASE", got, wire)
	}
}

// freshXIDs checks that no exchange has the xid of another.
func (s *scene) freshXIDs(mac string) {
	s.Helper()
	ended := map[string]bool{}
	last := ""
	for _, m := range s.messages() {
		if m.mac != mac {
			continue
		}
		if ended[m.xid] {
			s.Errorf("%s has the xid of an earlier exchange, %s", m.text, m.xid)
		}
		if last != "" && m.xid != last {
			ended[last] = true
		}
		if last = m.xid; strings.HasPrefix(m.text, "ACK") {
			ended[m.xid] = true
		}
	}
}

// The server's range has changed: it says NAK, and the container has a new address.
func TestNewRange(t *testing.T) {
	s := begin(t)
	s.server(soon...)
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		old := c.bound(n, "eth0")
		s.server(append([]string{"--dhcp-range=192.0.2.200,192.0.2.220,255.255.255.0,2m"}, soon...)...)
		s.heard(old.MacAddress, "NAK", 1, 8*time.Second)
		s.heard(old.MacAddress, "ACK", 2, 8*time.Second)
		var addrs []string
		eventually(s, 2*time.Second, "one new address in the kernel", func() bool {
			addrs = c.link("eth0").ipv4()
			return len(addrs) == 1 && strings.HasPrefix(addrs[0], "192.0.2.2")
		})
		c.hasRoutes(viaEth0)
		addr := strings.TrimSuffix(addrs[0], "/24")
		ping(s, addr)
		st := leases(s)[old.MacAddress]
		equal(s, "leased's address", st.Lease.Address.String(), addrs[0])
		c.remove()
		s.heard(old.MacAddress, "RELEASE", 1, time.Second)
		log := strings.Join(s.of(old.MacAddress), ", ")
		contains(s, "the server's log", log, strings.Join(dora(old.IPAddress, c.name), ", ")+", REQUEST "+old.IPAddress+", NAK "+old.IPAddress,
			"OFFER "+addr+", REQUEST "+addr+", ACK "+addr+" "+c.name, "RELEASE "+addr)
		s.server(soon...)
	}
}

// The server is away when T1 comes, and is back soon.
func TestServerComesBack(t *testing.T) {
	s := begin(t)
	s.server(soon...)
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	must(s, "lan", "stop")
	eventually(s, 4*time.Second, "leased renews", func() bool { return leases(s)[e.MacAddress].State == "RENEWING" })
	equal(s, "the kernel's address meanwhile", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
	s.server(soon...)
	s.heard(e.MacAddress, "ACK", 2, 4*time.Second)
	again := []string{"REQUEST " + e.IPAddress, "ACK " + e.IPAddress + " " + c.name}
	s.says(e.MacAddress, append(dora(e.IPAddress, c.name), again...)...)
	c.remove()
}

// What is sent to the server alone gets lost, and at T2 all servers are asked.
func TestRebinding(t *testing.T) {
	s := begin(t)
	s.server(soon...)
	router := []string{"--net=/run/netns/router", "--", "nft"}
	must(s, "nsenter", append(router, "add table ip e2e; add chain ip e2e in { type filter hook input priority 0; };"+
		"add rule ip e2e in ip daddr 192.0.2.1 udp dport 67 drop")...)
	lift := func() { must(s, "nsenter", append(router, "destroy table ip e2e")...) }
	s.Cleanup(lift)
	dump := s.capture()
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	s.heard(e.MacAddress, "ACK", 2, 8*time.Second)
	s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "REQUEST "+e.IPAddress, "ACK "+e.IPAddress+" "+c.name)...)
	lift()
	var got []string
	for _, f := range dump.of(e.MacAddress)[2:] {
		if len(got) == 0 || got[len(got)-1] != f.ip {
			got = append(got, f.ip)
		}
	}
	equal(s, "renewal, rebinding", got, []string{e.IPAddress + ".68 > 192.0.2.1.67", "0.0.0.0.68 > 255.255.255.255.67"})
	c.bound(n, "eth0")
}
