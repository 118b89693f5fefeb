// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// renewing is the server's arguments for a renewal in some seconds. (Of other pairs
// than 2 and 3, 3 and 10, dnsmasq makes something else: see "sent size" in its log.)
func renewing(t1, t2 string) []string {
	return []string{"--dhcp-option-force=option:T1," + t1, "--dhcp-option-force=option:T2," + t2}
}

// pair is a container on the bridge and one on the NIC, for tests that wait.
func (s *scene) pair() map[*container]endpoint {
	s.Helper()
	all := map[*container]endpoint{}
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		all[c] = c.bound(n, "eth0")
	}
	return all
}

// At T1 a lease is renewed by unicast from its address (RFC 2131 §4.4.5), the
// kernel's lifetimes are extended, and each time it is a new transaction.
func TestRenewal(t *testing.T) {
	s := begin(t)
	s.server(renewing("2", "3")...)
	dump, first := s.capture(), time.Now()
	for c, e := range s.pair() {
		s.heard(e.MacAddress, "ACK", 3, 6*time.Second)
		// The kernel has the new lifetime a moment after the server has spoken.
		eventually(s, 3*time.Second, "lifetimes extended", func() bool {
			return c.link("eth0").valid() > lease-int(time.Since(first).Seconds())
		})
		equal(s, "the kernel's addresses", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
		c.hasRoutes(viaEth0)
		c.remove()
		s.heard(e.MacAddress, "RELEASE", 1, 3*time.Second)
		log := s.withRenewals(e.MacAddress, e.IPAddress, c.name, dora(e.IPAddress, c.name)...)
		s.says(e.MacAddress, append(log, "RELEASE "+e.IPAddress)...)
		s.freshXIDs(e.MacAddress)
		s.frames(dump, e, 2, s.count(e.MacAddress, "ACK")) // the renewals and RELEASE
	}
}

// frames checks that an attachment has sent so many broadcasts from no address,
// and then so many unicasts from its own.
func (s *scene) frames(dump *capture, e endpoint, broadcasts, unicasts int) {
	s.Helper()
	var want, got []string
	for i := range broadcasts + unicasts {
		want = append(want, "0.0.0.0.68 > 255.255.255.255.67")
		if i >= broadcasts {
			want[i] = e.IPAddress + ".68 > 192.0.2.1.67"
		}
	}
	eventually(s, 3*time.Second, "the capture", func() bool { return len(dump.of(e.MacAddress)) >= len(want) })
	for i, f := range dump.of(e.MacAddress) {
		got = append(got, f.ip)
		if strings.HasSuffix(f.ether, "ff:ff:ff:ff:ff:ff") != (i < broadcasts) {
			s.Errorf("frame %d goes %s", i, f.ether)
		}
	}
	equal(s, "the frames", got, want)
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
	s.server(renewing("2", "3")...)
	pair := s.pair()
	s.server(append(renewing("2", "3"), "--dhcp-range=192.0.2.200,192.0.2.220,255.255.255.0,2m")...)
	for c, old := range pair {
		s.heard(old.MacAddress, "ACK", 3, 8*time.Second)
		var addrs []string
		eventually(s, 2*time.Second, "one new address in the kernel", func() bool {
			addrs = c.link("eth0").ipv4()
			return len(addrs) == 1 && strings.HasPrefix(addrs[0], "192.0.2.2")
		})
		c.hasRoutes(viaEth0)
		equal(s, "leased's address", leases(s)[old.MacAddress].Lease.Address.String(), addrs[0])
		addr := strings.TrimSuffix(addrs[0], "/24")
		ping(s, addr)
		log := append(dora(old.IPAddress, c.name), "REQUEST "+old.IPAddress, "NAK "+old.IPAddress+" address not available")
		again := dora(addr, c.name)
		again[0] += " " + old.IPAddress
		c.remove()
		s.heard(old.MacAddress, "RELEASE", 1, 3*time.Second)
		log = s.withRenewals(old.MacAddress, addr, c.name, append(log, again...)...)
		s.says(old.MacAddress, append(log, "RELEASE "+addr)...)
	}
}

// The server is away when T1 comes, and is back soon.
func TestServerComesBack(t *testing.T) {
	s := begin(t)
	s.server(renewing("3", "10")...)
	n := s.bridge()
	c := s.run("", "--network", n)
	e := c.bound(n, "eth0")
	must(s, "lan", "stop")
	eventually(s, 4*time.Second, "leased renews", func() bool { return leases(s)[e.MacAddress].State == "RENEWING" })
	equal(s, "the kernel's address meanwhile", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
	s.server(renewing("3", "10")...)
	s.heard(e.MacAddress, "ACK", 2, 6*time.Second)
	c.remove()
	s.heard(e.MacAddress, "RELEASE", 1, 3*time.Second)
	// Times count from the first REQUEST: two renewals may come at once.
	log := s.withRenewals(e.MacAddress, e.IPAddress, c.name, dora(e.IPAddress, c.name)...)
	s.says(e.MacAddress, append(log, "RELEASE "+e.IPAddress)...)
}

// What is sent to the server alone gets lost, and at T2 all servers are asked.
func TestRebinding(t *testing.T) {
	s := begin(t)
	s.server(renewing("2", "3")...)
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
