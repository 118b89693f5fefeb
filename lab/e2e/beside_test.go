// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"
)

// far is an address behind the LAN's router.
const far = "198.51.100.200"

// answersFar reports whether an address answers somebody behind the LAN's router.
func answersFar(addr string) bool {
	return try("nsenter", "--net=/run/netns/router", "--", "ping", "-c", "1", "-W", "2", "-I", far, addr).code == 0
}

// from is the interface that packets from an address of the container leave by.
func (c *container) from(addr string) string {
	c.s.Helper()
	_, after, _ := strings.Cut(try("nsenter", in(c.pid(), "ip", "route", "get", far, "from", addr)...).out, " dev ")
	dev, _, _ := strings.Cut(after, " ")
	return dev
}

// The LAN has the default route whatever the order is, answers leave by the interface that the
// question came in on, and with dns=none names of containers resolve every time.
func TestBesideANetworkOfPodmans(t *testing.T) {
	s := begin(t)
	try("nsenter", "--net=/run/netns/router", "--", "ip", "addr", "add", far+"/32", "dev", "lo")
	lan, back := s.bridge("dns=none"), s.name+"back"
	must(s, "podman", "network", "create", back)
	onLAN, onBack := lan+":interface_name=lan0", back+":interface_name=back0"
	strict := []string{"--sysctl", "net.ipv4.conf.all.rp_filter=1"}
	all := map[string]*container{
		"the LAN first":     s.run("a", append(strict, "--network", onLAN, "--network", onBack)...),
		"Podman's first":    s.run("b", append(strict, "--network", onBack, "--network", onLAN)...),
		"the LAN connected": s.run("c", append(strict, "--network", onBack)...),
		"metric":            s.run("d", append(strict, "--network", onBack, "--network", onLAN+",metric=200")...),
	}
	must(s, "podman", "network", "connect", lan, all["the LAN connected"].name)
	for name, c := range all {
		dev, way := "lan0", "lan0"
		if name == "the LAN connected" {
			dev, way = "eth0", "eth0" // Podman's network has back0
		}
		if name == "metric" {
			way = "back0"
		}
		equal(s, name+": the way out", c.way("203.0.113.1"), way)
		leased, other := c.endpoint(lan).IPAddress, c.endpoint(back).IPAddress
		eventually(s, 4*time.Second, name+": each address has its way", func() bool {
			return c.from(leased) == dev && c.from(other) == "back0"
		})
		if !answersFar(leased) {
			s.Errorf("%s: %s does not answer %s", name, leased, far)
		}
		for range 3 {
			c.exec("nslookup", all["the LAN first"].name)
		}
	}
}

// Podman takes the host's port of -p itself, whatever the network is.
func TestPublish(t *testing.T) {
	s := begin(t)
	lan := s.bridge()
	s.run("a", "--network", lan, "-p", "18080:80")
	if said := try("podman", (&container{s, s.name + "b"}).command("--network", lan, "-p", "18080:80")...); said.code == 0 || !strings.Contains(said.err, "address already in use") {
		s.Errorf("a second container with the same -p: %v", said)
	}
	s.run("c", "--network", lan)
}
