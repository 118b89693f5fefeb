// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// resolv are the lines of the container's resolv.conf, sorted.
func (c *container) resolv() string {
	c.s.Helper()
	lines := strings.Split(c.exec("cat", "/etc/resolv.conf"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// The machine's own resolv.conf says 192.0.2.1.
func TestResolv(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option=option:dns-server,192.0.2.53,192.0.2.54",
		"--dhcp-option-force=option:domain-search,a.example,b.example", "--domain=lan.example")
	n := s.bridge()
	for suffix, want := range map[string]struct{ network, resolv string }{
		"a": {n, "nameserver 192.0.2.53, nameserver 192.0.2.54, search a.example b.example"},
		"b": {n + ":dns=none", "nameserver 192.0.2.1"},
		"c": {n + ":dns=192.0.2.7", "nameserver 192.0.2.7"},
		"d": {s.bridge("dns=192.0.2.8 192.0.2.9"), "nameserver 192.0.2.8, nameserver 192.0.2.9"},
		"e": {s.macvlan("dns=none"), "nameserver 192.0.2.1"},
	} {
		c := s.run(suffix, "--network", want.network)
		equal(s, "resolv.conf with "+want.network, c.resolv(), want.resolv)
	}
	c := s.run("f", "--network", n+":dns=none", "--dns", "192.0.2.99")
	equal(s, "resolv.conf with podman's --dns", c.resolv(), "nameserver 192.0.2.99")
}

func TestResolvDomain(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-option=option:dns-server,192.0.2.53", "--domain=lan.example")
	c := s.run("", "--network", s.bridge())
	equal(s, "resolv.conf", c.resolv(), "nameserver 192.0.2.53, search lan.example")
}
