// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"testing"
	"time"
)

// A parent or bridge that is down, or gone, since the network was created.
func TestHostLinkDown(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "br7", "type", "bridge")
	s.Cleanup(func() { try("ip", "link", "delete", "br7") })
	n := s.network(opts("bridge=br7", nil)...)
	contains(s, "the error", s.runFails("", "--network", n), "br7 is down", "ip link set br7 up")
	must(s, "ip", "link", "delete", "br7")
	contains(s, "the error", s.runFails("", "--network", n), "there is no interface br7")
}

func TestParentDown(t *testing.T) {
	s := begin(t)
	n := s.macvlan()
	must(s, "ip", "link", "set", "nic0", "down")
	contains(s, "the error", s.runFails("", "--network", n), "nic0 is down", "ip link set nic0 up")
	must(s, "ip", "link", "set", "nic0", "up")
	eventually(s, 3*time.Second, "nic0 up", func() bool { return hostLink(s, "nic0").OperState == "UP" })
	s.run("", "--network", n).bound(n, "eth0")
}

// A port of a bridge with spanning tree listens and learns before it forwards.
func TestSpanningTree(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "br7", "type", "bridge", "stp_state", "1", "forward_delay", "1500")
	s.Cleanup(func() { try("ip", "link", "delete", "br7") })
	must(s, "ip", "link", "set", "br7", "up")
	n := s.network(opts("bridge=br7", nil)...)
	contains(s, "the error", s.runFails("", "--network", n), "br7", "spanning tree", "ip link set br7 type bridge stp_state 0")
	nothingLeft(s, "link br7")
}

func TestBadContainerOptions(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	for options, words := range map[string]string{
		"bogus=1":      "unknown option bogus=1; allowed: ",
		"mode=bridge":  "option mode belongs to the network",
		"metric=many":  "option metric=many",
		"hostname=a b": "option hostname=a b",
	} {
		contains(s, "the error", s.runFails("", "--network", n+":"+options), words)
	}
	nothingLeft(s)
}
