// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
)

// What cannot work is refused when the network is created, with words that help.
func TestCreateRefuses(t *testing.T) {
	s := begin(t)
	for name, want := range map[string]struct{ args, words string }{
		"unknown option":     {"-o bridge=br0 -o bogus=1", "unknown option bogus=1; allowed: bridge, parent"},
		"wrong mode":         {"-o parent=nic0 -o mode=wrong", "option mode=wrong|allowed: bridge, private, vepa, passthru"},
		"long timeout":       {"-o bridge=br0 -o lease_timeout=31s", "option lease_timeout=31s|allowed: 1s to 30s"},
		"wrong timeout":      {"-o bridge=br0 -o lease_timeout=soon", "option lease_timeout=soon|allowed: 1s to 10m"},
		"wrong mac":          {"-o bridge=br0 -o mac=01:00:00:00:00:01", "option mac=01:00:00:00:00:01|unicast"},
		"absent parent":      {"-o parent=nope", "there is no interface nope on this host; see: ip link"},
		"absent bridge":      {"-o bridge=nope", "there is no interface nope"},
		"absent interface":   {"--interface-name nope", "there is no interface nope"},
		"long name":          {"-o parent=sixteencharacter", "there is no interface sixteencharacter on this host"},
		"both":               {"-o bridge=br0 -o parent=nic0", "bridge=br0 and parent=nic0 exclude each other"},
		"two names":          {"-o bridge=br0 --interface-name nic0", "--interface-name nic0|br0"},
		"parent is a port":   {"-o parent=nic1", "nic1 is a port of the bridge br0|-o bridge=br0"},
		"parent is a bridge": {"-o parent=br0", "br0 is a bridge; use: -o bridge=br0"},
		"bridge is a NIC":    {"-o bridge=nic0", "nic0 is not a bridge; use: -o parent=nic0"},
		"loopback":           {"-o parent=lo", "lo is not an Ethernet interface"},
		"subnet":             {"-o bridge=br0 --subnet 192.0.2.0/24", "--subnet"},
		"ipv6":               {"-o bridge=br0 --ipv6 -o ipv6=off", "--ipv6 and the option ipv6=off exclude each other"},
		"dns":                {"-o bridge=br0 --dns 192.0.2.1", "-o dns=ADDRESS"},
		"ipam":               {"-o bridge=br0 --ipam-driver host-local", "--ipam-driver"},
		"label":              {"--label io.leased.bridge=br0 --label io.leased.bogus=1", "unknown option bogus=1"},
		"nothing to go by":   {"", "no IPv4 default route|-o parent=|-o bridge="},
	} {
		args := append([]string{"network", "create", "-d", "net-dhcp"}, strings.Fields(want.args)...)
		r := try("podman", append(args, s.name)...)
		s.failed(r)
		contains(s, name, r.err, strings.Split(want.words, "|")...)
	}
	if try("podman", "network", "exists", s.name).code == 0 {
		s.Error("there is a network")
	}
}

// network is what podman network inspect shows of one.
type network struct {
	Options          map[string]string `json:"options"`
	NetworkInterface string            `json:"network_interface"`
	DNSEnabled       bool              `json:"dns_enabled"`
	IPAMOptions      map[string]string `json:"ipam_options"`
}

// Each of these is a network on br0 or on nic0.
func TestCreateFinds(t *testing.T) {
	s := begin(t)
	must(s, "ip", "address", "add", "192.0.2.250/24", "dev", "br0")
	s.Cleanup(func() { must(s, "ip", "address", "flush", "dev", "br0", "to", "192.0.2.250") })
	must(s, "ip", "route", "add", "default", "via", router, "dev", "br0")
	for args, on := range map[string]string{
		"":                                     "bridge=br0", // the default route's
		"--interface-name br0":                 "bridge=br0",
		"--interface-name nic0":                "parent=nic0",
		"--label io.leased.bridge=br0":         "bridge=br0",
		"--label io.leased.parent=nic0":        "parent=nic0",
		"-o parent=nic0 --interface-name=nic0": "parent=nic0",
	} {
		n := s.network(append(strings.Fields(args), "-o", "release=now")...)
		got := mustJSON[[]network](s, "podman", "network", "inspect", n)[0]
		key, name, _ := strings.Cut(on, "=")
		equal(s, "the options of "+args, got, network{
			Options: map[string]string{key: name, "release": "now"}, NetworkInterface: name,
			IPAMOptions: map[string]string{"driver": "dhcp"},
		})
		s.run(n, "--network", n).bound(n, "eth0")
	}
}
