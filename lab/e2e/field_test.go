// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What people have reported of containers on a LAN, of this and of other programs, where no
// other test here has it.

// A MAC that a running container has is refused, on a bridge, too. So is the MAC of a container that was
// renamed, to the next one with its name.
func TestOneMACTwice(t *testing.T) {
	const twice = "02:00:5e:00:53:01"
	s := begin(t)
	lan, nic := s.bridge(), s.macvlan()
	on := map[string]string{lan + ":mac=" + twice: "a", nic + ":mac=02:00:5e:00:53:02": "m"}
	for network, name := range on {
		c := s.run(name, "--network", network)
		contains(s, "the error", s.runFails(name+"2", "--network", network), c.name, "has the MAC")
	}
	web := s.run("web", "--network", lan)
	must(s, "podman", "rename", web.name, s.name+"old")
	contains(s, "the error", s.runFails("web", "--network", lan), s.name+"web", "has the MAC")
}

// A switch that tracks hosts probes for an address that it has seen in an ACK, with the
// sender 0.0.0.0. Who has the address answers, and keeps it.
func TestProbeAfterTheACK(t *testing.T) {
	s := begin(t)
	s.server()
	n := s.bridge()
	tracker := exec.Command("sh", "-c", `lan log -f | grep --line-buffered -oE 'DHCPACK\(lan0\) [0-9.]+' | while read -r _ ip; do
		(sleep 0.15; nsenter --net=/run/netns/router arping -D -q -c1 -w1 -I lan0 "$ip") & done`)
	s.background(tracker)
	for _, name := range []string{"a", "b", "c"} {
		c := s.run(name, "--network", n)
		e := c.endpoint(n)
		eventually(s, 3*time.Second, "the probe is over", func() bool { return table(s)[e.MacAddress].addr == e.IPAddress })
		c.bound(n, "eth0")
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
	}
}

// background starts a program that ends with the scene, and all that it has started.
func (s *scene) background(cmd *exec.Cmd) {
	s.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
}

// Containers that were stopped for longer than their leases were held ask for the addresses that
// they had, so the order of their starts does not count.
func TestStoppedForLong(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-sequential-ip")
	held := s.network("-o", "bridge=br0", "-o", "release=1s")
	was := map[*container]string{}
	var all []*container
	for i, n := range []string{held, s.bridge(), held, s.bridge()} {
		c := s.run(fmt.Sprint(i), "--network", n)
		all, was[c] = append(all, c), c.link("eth0").ipv4()[0]
	}
	for _, c := range all {
		must(s, "podman", "stop", "-t", "0", c.name)
	}
	eventually(s, 5*time.Second, "all leases are given back", func() bool { return len(leases(s)) == 0 })
	for i := range all {
		c := all[len(all)-1-i]
		must(s, "podman", "start", c.name)
		equal(s, "the address of "+c.name, c.link("eth0").ipv4()[0], was[c])
	}
}

// A server that answers only those that it knows: the MAC to tell it is in the error.
func TestMACToRegister(t *testing.T) {
	s := begin(t)
	s.server("--dhcp-ignore=tag:!known")
	err := s.runFails("", "--network", s.bridge("lease_timeout=1s"))
	heard := s.messages()
	if len(heard) == 0 || !strings.Contains(err, heard[0].mac) {
		s.Errorf("the server heard %v, and the error is %s", heard, err)
	}
}

// Another machine with a running container's MAC, such as a clone of the host, is in the log.
func TestCloneOnTheLAN(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	c := s.run("", "--network", n)
	mac := c.bound(n, "eth0").MacAddress
	clone := s.secondServer()
	must(s, "ip", "-n", clone, "link", "set", "lan0", "address", mac)
	eventually(s, 5*time.Second, "the log says so", func() bool {
		try("ip", "netns", "exec", clone, "ping", "-c1", "-W1", router)
		return strings.Contains(s.journal(), "another machine has the container's MAC")
	})
	contains(s, "the log", s.journal(), mac, "container="+c.name)
}

// The host is the LAN's DNS or DHCP server, on the parent of a macvlan, which cannot reach it.
func TestTheHostIsTheServer(t *testing.T) {
	const own = "192.0.2.2"
	s := begin(t)
	must(s, "ip", "address", "add", own+"/24", "dev", "nic0")
	s.Cleanup(func() { must(s, "ip", "address", "delete", own+"/24", "dev", "nic0") })
	s.server("--dhcp-option=option:dns-server," + own)
	n := s.macvlan("lease_timeout=1s")
	s.run("a", "--network", n)
	contains(s, "the log", s.journal(), "the lease names this host", own, "on=nic0")
	s.noServer()
	dir := t.TempDir()
	must(s, "dnsmasq", "--conf-file=/dev/null", "--user=root", "--interface=nic0", "--bind-interfaces", "--port=0", "--no-ping",
		"--dhcp-range=192.0.2.50,192.0.2.99,2m", "--dhcp-leasefile="+dir+"/leases", "--pid-file="+dir+"/pid")
	s.Cleanup(func() { try("pkill", "-F", dir+"/pid") })
	contains(s, "the error", s.runFails("b", "--network", n), "DHCP server", "nic0", "macvlan")
}

// Podman in an unprivileged container has its network namespaces in /run/user, which leased
// cannot see.
func TestNetnsOfAUser(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	const dir = "/run/user/0/netns"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.Fatal(err)
	}
	path := dir + "/" + s.name
	must(s, "ip", "netns", "add", s.name)
	must(s, "touch", path)
	must(s, "mount", "--bind", "/run/netns/"+s.name, path)
	s.Cleanup(func() {
		must(s, "umount", path)
		must(s, "rm", path)
		must(s, "ip", "netns", "delete", s.name)
	})
	ask := func(verb string) string {
		return must(s, "sh", "-c", `podman network inspect `+n+` | jq '.[0] | del(.containers) | {container_id: "0123456789abcdef", container_name: "`+s.name+`",
			port_mappings: [], network: ., network_options: {interface_name: "eth0", aliases: [], static_ips: null, static_mac: null, options: null}}' |
			/usr/libexec/netavark/net-dhcp `+verb+" "+path)
	}
	ask("setup")
	contains(s, "the addresses", must(s, "ip", "-n", s.name, "-4", "address", "show", "dev", "eth0"), "inet 192.0.2.")
	ask("teardown")
}

// All addresses of the pool are in use by a machine that the server does not know: the server
// has answered, and the error and the log say what came of it.
func TestAllAddressesAreTaken(t *testing.T) {
	s := begin(t)
	must(s, "lan", "forget")
	s.server("--dhcp-range=192.0.2.70,192.0.2.71,255.255.255.0,2m")
	must(s, "systemctl", "stop", "leased.service") // it remembers who has which address
	foe := s.secondServer()
	for _, a := range []string{"70", "71"} {
		must(s, "ip", "-n", foe, "address", "add", "192.0.2."+a+"/24", "dev", "lan0")
	}
	n := s.bridge("lease_timeout=2s")
	for _, name := range []string{"a", "b"} {
		err := s.runFails(name, "--network", n)
		contains(s, "the error", err, router+" answered, but")
	}
	contains(s, "the log", s.journal(), "address is in use")
}
