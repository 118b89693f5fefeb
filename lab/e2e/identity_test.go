// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
)

func TestMACGiven(t *testing.T) {
	s := begin(t)
	for suffix, args := range map[string][]string{
		"a": {"--network", s.bridge(), "--mac-address", "02:00:5e:00:00:01"},
		"b": {"--network", s.macvlan() + ":mac=02:00:5e:00:00:02"},
		"c": {"--network", s.bridge("mac=02:00:5e:00:00:03")},
	} {
		c := s.run(suffix, args...)
		network, _, _ := strings.Cut(args[1], ":")
		e := c.bound(network, "eth0")
		equal(s, "the MAC of "+c.name, e.MacAddress[:16], "02:00:5e:00:00:0")
		c.remove()
		s.says(e.MacAddress, append(dora(e.IPAddress, c.name), "RELEASE "+e.IPAddress)...)
	}
}

func TestMACRandom(t *testing.T) {
	s := begin(t)
	n := s.bridge("mac=random")
	c := s.run("", "--network", n)
	first := c.bound(n, "eth0").MacAddress
	c.remove()
	if again := s.run("", "--network", n).bound(n, "eth0").MacAddress; again == first {
		s.Errorf("mac=random gives %s twice", again)
	}
}

func TestIP(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	for suffix, args := range map[string][]string{
		"a": {"--network", n, "--ip", "192.0.2.77"},
		"b": {"--network", n + ":ip=192.0.2.78"},
		"c": {"--network", n + ":request_ip=192.0.2.79"},
	} {
		c := s.run(suffix, args...)
		e := c.bound(n, "eth0")
		want := map[string]string{"a": "192.0.2.77", "b": "192.0.2.78", "c": "192.0.2.79"}[suffix]
		equal(s, "the address", e.IPAddress, want)
		log := dora(want, c.name)
		log[0] += " " + want // option 50
		s.says(e.MacAddress, log...)
	}
}

// The server's range has no 192.0.2.200.
func TestIPNotGiven(t *testing.T) {
	s := begin(t)
	n := s.bridge("lease_timeout=2s")
	c := s.run("prefer", "--network", n, "--ip", "192.0.2.200")
	e := c.bound(n, "eth0")
	s.says(e.MacAddress, append([]string{"DISCOVER 192.0.2.200"}, dora(e.IPAddress, c.name)[1:]...)...)
	err := s.runFails("require", "--network", n+":ip=192.0.2.200,ip_policy=require,mac=02:00:5e:00:00:04")
	contains(s, "the error", err, "br0", "192.0.2.200", "required")
	if s.count("02:00:5e:00:00:04", "REQUEST") > 0 {
		s.Error("another address than the required one was taken")
	}
	strict := s.run("strict", "--network", n+":ip=192.0.2.81,ip_policy=require")
	equal(s, "the required address", strict.bound(n, "eth0").IPAddress, "192.0.2.81")
}

func TestInterfaceName(t *testing.T) {
	s := begin(t)
	n, m := s.bridge(), s.macvlan()
	c := s.run("", "--network", n+":interface_name=lan0", "--network", m+":interface_name=wan0")
	equal(s, "the links", c.linkNames(), []string{"lan0", "wan0"})
	c.bound(n, "lan0")
	c.bound(m, "wan0")
}

func TestHostname(t *testing.T) {
	s := begin(t)
	n, fixed := s.bridge(), s.bridge("hostname=fixed")
	for suffix, want := range map[string]struct {
		args []string
		name string
	}{
		"auto": {[]string{"--network", n}, "t-hostnameauto"},
		"_b":   {[]string{"--network", n}, "t-hostname-b"},
		"c":    {[]string{"--network", n, "--hostname", "chosen"}, "chosen"},
		"d":    {[]string{"--network", n + ":hostname=perhaps", "--hostname", "not"}, "perhaps"},
		"e":    {[]string{"--network", n + ":hostname=none", "--hostname", "not"}, "*"},
		"f":    {[]string{"--network", fixed, "--hostname", "not"}, "fixed"},
		"g":    {[]string{"--network", n + ":fqdn=true", "--hostname", "full"}, "full"},
	} {
		c := s.run(suffix, want.args...)
		network, _, _ := strings.Cut(want.args[1], ":")
		e := c.endpoint(network)
		equal(s, "the name in the server's table", table(s)[e.MacAddress].name, want.name)
		s.says(e.MacAddress, dora(e.IPAddress, strings.TrimSuffix(want.name, "*"))...)
	}
}

func TestClientID(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	for id, want := range map[string]string{
		"mac":         "01:02:00:5e:00:00:05",
		"none":        "*",
		"web":         "00:77:65:62",
		"0x0badcafe":  "0b:ad:ca:fe",
		"ff:00:11:22": "ff:00:11:22",
		"duid":        "ff:",
	} {
		c := s.run("", "--network", n+":mac=02:00:5e:00:00:05,client_id="+id)
		got := table(s)["02:00:5e:00:00:05"].clientID
		if id == "duid" {
			equal(s, "the length of client_id=duid", len(got), 3*(1+4+2+16)-1)
			got = got[:3]
		}
		equal(s, "client_id="+id, got, want)
		c.remove()
	}
}

// With client_id=duid the server knows the container again, whatever its MAC.
func TestDUIDStays(t *testing.T) {
	s := begin(t)
	n := s.bridge("client_id=duid", "mac=random")
	var ids []string
	for range 2 {
		c := s.run("", "--network", n)
		ids = append(ids, table(s)[c.bound(n, "eth0").MacAddress].clientID)
		c.remove()
	}
	equal(s, "the second client id", ids[1], ids[0])
}

func TestClasses(t *testing.T) {
	s := begin(t)
	n := s.bridge("vendor_class=ACME printer", "user_class=floor 2")
	e := s.run("", "--network", n).bound(n, "eth0")
	contains(s, "the server's log", s.details(e.MacAddress), "vendor class: ACME printer\n", "user class: floor 2\n")
}

// Podman 5 numbers the interfaces of a container with several networks by chance. On each
// network the container is the same client every time.
func TestNumbersAreNoIdentity(t *testing.T) {
	s := begin(t)
	a, b := s.bridge(), s.macvlan()
	macs := map[string]bool{}
	for range 6 {
		c := s.run("", "--network", a, "--network", b)
		for _, n := range []string{a, b} {
			macs[n+" "+c.endpoint(n).MacAddress] = true
		}
		c.remove()
	}
	equal(s, "the number of MACs on both networks", len(macs), 2)
}

// A container that is made anew under its old name is the same client.
func TestSameNameSameAddress(t *testing.T) {
	s := begin(t)
	for _, n := range []string{s.bridge(), s.macvlan()} {
		c := s.run(n, "--network", n)
		first := c.bound(n, "eth0")
		c.remove()
		c = s.run(n, "--network", n)
		equal(s, "the second one's attachment", c.bound(n, "eth0"), first)
		log := append(dora(first.IPAddress, c.name), "RELEASE "+first.IPAddress)
		s.says(first.MacAddress, append(log, comesBack(first.IPAddress, c.name)...)...)
	}
}

// No container gets the identity of one that runs, by whatever way; when that one has stopped,
// another one may have it.
func TestIdentityOfARunningContainer(t *testing.T) {
	s := begin(t)
	for kind, n := range map[string]string{"bridge": s.bridge(), "nic": s.macvlan()} {
		victim := s.run(kind, "--network", n)
		e := victim.bound(n, "eth0")
		for name, args := range map[string][]string{
			"its MAC":               {"--network", n + ":mac=" + e.MacAddress},
			"its client identifier": {"--network", n + ":client_id=01:" + e.MacAddress},
		} {
			contains(s, name, s.runFails("thief", args...), "container "+victim.name+" (id ", "already; stop it")
		}
		must(s, "podman", "rename", victim.name, s.name+"renamed")
		contains(s, "its name", s.runFails(kind, "--network", n), "container "+victim.name+" (id ", "has the MAC "+e.MacAddress)
		victim.name = s.name + "renamed"
		equal(s, "address", victim.bound(n, "eth0").IPAddress, e.IPAddress)
		must(s, "podman", "rm", "-f", "-t", "0", victim.name)
		again := s.run(kind, "--network", n)
		equal(s, "address of the next one", again.bound(n, "eth0").IPAddress, e.IPAddress)
		again.remove()
	}
}

// A server that reserves by DUID alone knows the containers apart, whichever asks first.
func TestDUIDOfAContainer(t *testing.T) {
	s := begin(t)
	s.server6(stateful)
	n := s.bridge("ipv6=dhcp")
	reserved := map[string]string{"a": "2001:db8::50", "b": "2001:db8::51"}
	server := []string{stateful}
	for _, name := range []string{"a", "b"} {
		c := s.run(name, "--network", n)
		addr, duid := c.has6("dhcp")["dhcp"].Addr().String(), ""
		for line := range strings.Lines(must(s, "lan", "leases")) {
			if f := strings.Fields(line); len(f) == 5 && f[2] == addr { // time, IAID, address, name, DUID
				duid = f[4]
			}
		}
		server = append(server, "--dhcp-host=id:"+duid+",["+reserved[name]+"]")
		c.remove()
	}
	s.server6(server...)
	for _, name := range []string{"b", "a"} {
		c := s.run(name, "--network", n)
		equal(s, "the address of "+name, c.has6("dhcp")["dhcp"].Addr().String(), reserved[name])
	}
}
