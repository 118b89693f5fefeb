// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A parent or bridge that is down, or gone, since the network was created. The first is brought
// up: a NIC without an address of the host is down after a boot.
func TestHostLinkDown(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "br7", "type", "bridge")
	s.Cleanup(func() { try("ip", "link", "delete", "br7") })
	n := s.network(opts("bridge=br7", []string{"lease_timeout=1s"})...)
	contains(s, "the error", s.runFails("", "--network", n), "no DHCP server answered on br7")
	if got := hostLink(s, "br7").Flags; !slices.Contains(got, "UP") {
		s.Errorf("br7 has the flags %v", got)
	}
	must(s, "ip", "link", "delete", "br7")
	contains(s, "the error", s.runFails("", "--network", n), "there is no interface br7")
}

func TestParentDown(t *testing.T) {
	s := begin(t)
	n := s.macvlan()
	must(s, "ip", "link", "set", "nic0", "down")
	s.run("", "--network", n).bound(n, "eth0")
	equal(s, "nic0 is", hostLink(s, "nic0").OperState, "UP")
	contains(s, "the log", try("journalctl", "-u", "leased", "--no-pager", "-n", "100").out, "was down and is up now")
}

// An alternative name stays: it outlives a change of hardware.
func TestAlternativeName(t *testing.T) {
	s := begin(t)
	const long = "the-port-that-leads-to-the-lan"
	must(s, "ip", "link", "property", "add", "dev", "nic0", "altname", long)
	s.Cleanup(func() { try("ip", "link", "property", "del", "dev", "nic0", "altname", long) })
	n := s.network(opts("parent="+long, nil)...)
	contains(s, "the network", must(s, "podman", "network", "inspect", n), long)
	s.run("", "--network", n).bound(n, "eth0")
}

// With on_timeout=continue nothing waits for a NIC that has no carrier.
func TestNoCarrier(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "dark0", "type", "veth", "peer", "name", "wall0")
	s.Cleanup(func() { try("ip", "link", "delete", "dark0") })
	n := s.network(opts("parent=dark0", []string{"on_timeout=continue"})...)
	began := time.Now()
	c := s.run("", "--network", n)
	if took := time.Since(began); took > 5*time.Second {
		s.Errorf("the start took %s", took)
	}
	c.remove()
	fails := s.network(opts("parent=dark0", []string{"lease_timeout=1s"})...)
	contains(s, "the error", s.runFails("", "--network", fails), "dark0 has no carrier")
}

// networkd leaves the port alone, whatever an administrator's file matches.
func TestNetworkdLeavesThePort(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n)
	c.bound(n, "eth0")
	const file = "/etc/systemd/network/10-all.network"
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.Fatal(err)
	}
	// Type=ether alone would take the machine's other interfaces, and other tests' ports.
	if err := os.WriteFile(file, []byte("[Match]\nType=ether\nName=vethnd* wired0\n[Network]\nDHCP=yes\n"), 0o644); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.Remove(file) })
	must(s, "ip", "link", "add", "wired0", "type", "veth", "peer", "name", "wall0")
	s.Cleanup(func() { try("ip", "link", "delete", "wired0") })
	must(s, "systemd-run", "--quiet", "--collect", "--unit", s.name, "-p", "ReadOnlyPaths=/sys", "/usr/lib/systemd/systemd-networkd")
	s.Cleanup(func() { must(s, "systemctl", "stop", s.name) })
	eventually(s, 10*time.Second, "networkd takes what it is to take", func() bool {
		return slices.Contains(hostLink(s, "wired0").Flags, "UP")
	})
	port := c.hostEnd("eth0").IfName
	contains(s, "networkd's word", must(s, "networkctl", "--no-pager", "--no-legend", "list", port), "unmanaged")
	equal(s, "its master", hostLink(s, port).Master, "br0")
}

// A port of a bridge with spanning tree listens and learns before it forwards.
func TestSpanningTree(t *testing.T) {
	s := begin(t)
	must(s, "ip", "link", "add", "br7", "type", "bridge", "stp_state", "1", "forward_delay", "1500")
	s.Cleanup(func() { try("ip", "link", "delete", "br7") })
	must(s, "ip", "link", "set", "br7", "up")
	n := s.network(opts("bridge=br7", nil)...)
	contains(s, "the error", s.runFails("", "--network", n), "br7", "spanning tree", "for 30s", "nmcli connection modify br7 bridge.stp no")
	nothingLeft(s, "link br7")
	s.run("", "--network", n+":on_timeout=continue").remove()
	must(s, "ip", "link", "set", "br7", "type", "bridge", "forward_delay", "200")
	began := time.Now()
	contains(s, "the error", s.runFails("", "--network", n+":lease_timeout=5s"), "no DHCP server answered on br7")
	if took := time.Since(began); took < 4*time.Second {
		s.Errorf("it did not wait for spanning tree: %s", took)
	}
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
