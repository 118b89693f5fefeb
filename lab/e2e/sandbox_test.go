// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostExposed is below systemd-networkd's figure, 2.9. 10 is bare root.
const mostExposed = 2.4

func TestExposure(t *testing.T) {
	for _, service := range []string{"leased.service", "leased-helper.service"} {
		out := must(t, "systemd-analyze", "security", "--no-pager", service)
		m := regexp.MustCompile(`Overall exposure level for ` + service + `: ([0-9.]+)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatal(out)
		}
		t.Log(m[0])
		if figure, err := strconv.ParseFloat(m[1], 64); err != nil || figure > mostExposed {
			t.Errorf("%v, %v; want %v at most:\n%s", figure, err, mostExposed, out)
		}
	}
}

// reach tries from inside leased's sandbox what is not leased's, and says what it could do.
const reach = `ExecStartPre=-/bin/sh -c 'exec 2>/dev/null; { head -c1 /etc/shadow >/dev/null && echo shadow; ` +
	`: >/proc/1/root/etc/t-reach && echo write; ls /proc/1/root/root >/dev/null && echo root; ` +
	`readlink /proc/1/ns/net >/dev/null && echo netns; } >/run/leased/reach; true'`

// Whoever takes over leased reads and writes no file of others, and sees no process of others.
func TestTakenOverLeasedReachesNoFile(t *testing.T) {
	for name, c := range map[string]struct{ setting, can string }{
		"as it is": {reach, ""},
		"with the capabilities that it does without": { // else the test would show nothing
			reach + "\nCapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_OVERRIDE\nAmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_OVERRIDE",
			"shadow write root netns",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			must(s, "systemctl", "stop", "leased.service")
			s.dropIn("reach", c.setting)
			s.Cleanup(func() { os.Remove("/etc/t-reach"); os.Remove("/run/leased/reach") })
			must(s, "leased", "ls")
			can, err := os.ReadFile("/run/leased/reach")
			equal(s, "what it can do", strings.Join(strings.Fields(string(can)), " "), c.can)
			equal(s, "error", err, nil)
		})
	}
}

// A feature is something of leased's that its sandbox must let it do. It returns what
// went wrong.
type feature func(s *scene) string

// starts: a container of the plugin's gets a lease.
func starts(s *scene) string {
	s.Helper()
	r := try("podman", (&container{s, s.name + "starts"}).command("--network", s.bridge("lease_timeout=1s"))...)
	return r.err
}

// renewsLater: the lease of a netns that is made when leased runs already. The caller passes
// the netns; at T1 leased finds it by its path, for there is no process in it.
func renewsLater(s *scene) string {
	s.Helper()
	must(s, "leased", "ls")
	s.server(renewing("3", "10")...)
	const ns, mac = "/run/netns/t-later", "02:00:00:00:6c:01"
	plugin := func(verb string) string {
		return fmt.Sprintf(`echo '{"container_id":"%[1]s","container_name":"%[1]s","network":{"name":"later","options":{"bridge":"br0","mac":"%[2]s","release":"now"}},`+
			`"network_options":{"interface_name":"eth0"}}' | /usr/libexec/netavark/net-dhcp %[3]s %[4]s`, s.name, mac, verb, ns)
	}
	must(s, "ip", "netns", "add", filepath.Base(ns))
	s.Cleanup(func() { try("sh", "-c", plugin("teardown")); must(s, "ip", "netns", "delete", filepath.Base(ns)) })
	must(s, "sh", "-c", plugin("setup"))
	return within(6*time.Second, "no renewal", func() bool { return s.count(mac, "ACK") > 1 })
}

// notifies: systemd hears that leased is ready.
func notifies(s *scene) string {
	s.Helper()
	must(s, "leased", "ls")
	return within(3*time.Second, "leased.service is not active", func() bool {
		return strings.TrimSpace(try("systemctl", "is-active", "leased.service").out) == "active"
	})
}

// givesBack: the lease of a container that dies with its netns goes back by a link of
// the host's that stands in for its own.
func givesBack(s *scene) string {
	s.Helper()
	if err := hooked(s); err != "" {
		return err
	}
	c := &container{s, s.name + "hooked"}
	mac := c.link("eth0").Address
	kill(s, c.pid())
	return within(4*time.Second, "no RELEASE", func() bool { return s.count(mac, "RELEASE") > 0 })
}

// hooked: a container of the hook's does, in which processes have other capabilities.
func hooked(s *scene) string {
	s.Helper()
	r := try("podman", (&container{s, s.name + "hooked"}).command("--network", "none", "--annotation", "io.leased.bridge=br0",
		"--annotation", "io.leased.release=now", "--annotation", "io.leased.lease_timeout=1s")...)
	return r.err
}

// renews: the lease is renewed at T1, by unicast.
func renews(s *scene) string {
	s.Helper()
	s.server(renewing("3", "10")...)
	n := s.bridge()
	mac := s.run("renews", "--network", n).endpoint(n).MacAddress
	return within(6*time.Second, "no renewal", func() bool { return s.count(mac, "ACK") > 1 })
}

// renewsHooked: the same for a container of the hook's, whose netns has no path but that of
// its process.
func renewsHooked(s *scene) string {
	s.Helper()
	s.server(renewing("3", "10")...)
	if err := hooked(s); err != "" {
		return err
	}
	mac := (&container{s, s.name + "hooked"}).link("eth0").Address
	return within(6*time.Second, "no renewal", func() bool { return s.count(mac, "ACK") > 1 })
}

// follows: a renewal changes the container's resolv.conf, which in a user namespace is
// neither root's nor leased's.
func follows(s *scene) string {
	s.Helper()
	s.server(naming("lan.example", "192.0.2.53")...)
	c := s.run("follows", "--network", "none", "--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now",
		"--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536")
	s.server(naming("lan.example", "192.0.2.54")...)
	return within(5*time.Second, "the old resolv.conf", func() bool { return strings.Contains(c.resolv(), "192.0.2.54") })
}

// tunes: sysctls are written in the container's netns.
func tunes(s *scene) string {
	s.Helper()
	c := s.run("tunes", "--network", s.bridge("lease_timeout=1s"))
	if now := c.exec("cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra"); now != "0" {
		return "accept_ra is " + now
	}
	return ""
}

// configures6: a container gets an address from a DHCPv6 server.
func configures6(s *scene) string {
	s.Helper()
	s.server("--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::1ff,64,2m")
	c := s.run("six", "--network", s.bridge("ipv6=dhcp", "ipv6_timeout=3s"))
	return within(3*time.Second, "no IPv6 address", func() bool { return len(c.link("eth0").ipv6()) > 0 })
}

// within is eventually that returns what did not happen.
func within(d time.Duration, what string, ok func() bool) string {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return ""
		}
	}
	return what
}

func without(capability string) string {
	return "CapabilityBoundingSet=~" + capability + "\nAmbientCapabilities=~" + capability
}

// families are all but one.
func families(but string) string {
	all := strings.Fields("AF_UNIX AF_NETLINK AF_PACKET AF_INET AF_INET6")
	kept := "RestrictAddressFamilies=\nRestrictAddressFamilies="
	for _, f := range all {
		if f != but {
			kept += f + " "
		}
	}
	return kept
}

// tighter are directives that leased.service does not have, and what fails with them.
var tighter = map[string]struct {
	setting string
	fails   feature
}{
	"CAP_NET_ADMIN":        {without("CAP_NET_ADMIN"), starts},
	"CAP_NET_RAW":          {without("CAP_NET_RAW"), starts},
	"CAP_NET_BIND_SERVICE": {without("CAP_NET_BIND_SERVICE"), renews},
	"CAP_NET_BROADCAST":    {without("CAP_NET_BROADCAST"), calms},
	"CAP_SYS_ADMIN":        {without("CAP_SYS_ADMIN"), starts},
	"AF_UNIX":              {families("AF_UNIX") + "\nTimeoutStartSec=2s", notifies},
	"AF_NETLINK":           {families("AF_NETLINK"), starts},
	"AF_PACKET":            {families("AF_PACKET"), starts},
	"AF_INET":              {families("AF_INET"), renews},
	"AF_INET6":             {families("AF_INET6"), configures6},
	"setns":                {"SystemCallFilter=~setns", starts},
	"fsopen":               {"SystemCallFilter=~fsopen", tunes}, // no way by /proc/sys, which is read-only
	"fsconfig":             {"SystemCallFilter=~fsconfig", tunes},
	"fsmount":              {"SystemCallFilter=~fsmount", tunes},
	"RestrictNamespaces":   {"RestrictNamespaces=yes", starts},
	"PrivateNetwork":       {"PrivateNetwork=yes", givesBack},
	"PrivateUsers":         {"PrivateUsers=yes", starts},
	"ProcSubset":           {"ProcSubset=pid", starts},
	"MountFlags":           {"MountFlags=private", renewsLater},
	"IPAddressDeny":        {"IPAddressDeny=any", renews},
	"SocketBindDeny":       {"SocketBindDeny=any", renews},
}

// The helper's capabilities, and what fails without them.
var helpers = map[string]feature{"CAP_SETUID": follows, "CAP_SETGID": follows, "CAP_SYS_PTRACE": renewsHooked}

func TestEachTighterHelperFails(t *testing.T) {
	for capability, fails := range helpers {
		t.Run(capability, func(t *testing.T) {
			s := begin(t)
			s.quarrel = true
			try("systemctl", "stop", "leased-helper.service")
			s.dropInOf("leased-helper.service", "tighter", "CapabilityBoundingSet=~"+capability)
			what := fails(s)
			if what == "" {
				s.Errorf("all is well without %s", capability)
			}
			s.Log(what)
		})
	}
}

func TestEachTighterSandboxFails(t *testing.T) {
	for name, c := range tighter {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.quarrel = true
			must(s, "systemctl", "stop", "leased.service")
			s.Cleanup(func() { must(s, "leased", "ls") }) // it clears up what the tighter one could not
			s.dropIn("tighter", c.setting)
			what := c.fails(s)
			if what == "" {
				s.Errorf("all is well with\n%s", c.setting)
			}
			s.Log(what)
		})
	}
}

// As it is, the sandbox lets all that do; else the tests above would show nothing.
func TestSandboxLetsLeasedWork(t *testing.T) {
	for name, feature := range map[string]feature{
		"starts": starts, "later": renewsLater, "ready": notifies, "hooked": hooked, "hooked renews": renewsHooked, "back": givesBack, "renews": renews, "follows": follows, "tunes": tunes, "six": configures6, "calms": calms,
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			if what := feature(s); what != "" {
				s.Error(what)
			}
		})
	}
}

// The first container after a boot: it is Podman that makes /run/netns, when leased
// runs already.
func TestNetnsDirectoryComesLater(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	s.noLeased()
	router := s.hideNetns()
	must(s, "systemctl", "start", "leased.socket")
	must(s, "leased", "ls")
	pid := leasedPID(s)
	for _, at := range []string{"/run/netns", "/proc/" + pid + "/root/run/netns"} {
		if _, err := os.Stat(at); !os.IsNotExist(err) {
			s.Fatalf("%s: %v", at, err)
		}
	}
	first := s.run("first", "--network", n)
	router()
	first.bound(n, "eth0")
	s.run("second", "--network", n).bound(n, "eth0")
	equal(s, "leased's process", leasedPID(s), pid)
}

// A leased that was started when containers ran has not got their file systems in its
// mount namespace, where they would outlive the containers.
func TestSandboxPinsNoFileSystem(t *testing.T) {
	s := begin(t)
	n := s.bridge()
	s.run("", "--network", n)
	at := strings.TrimSpace(must(s, "podman", "inspect", "--format", "{{.GraphDriver.Data.MergedDir}}", s.name))
	mounts := func(pid string) bool {
		b, err := os.ReadFile("/proc/" + pid + "/mountinfo")
		if err != nil {
			s.Fatal(err)
		}
		return strings.Contains(string(b), at)
	}
	pid := leasedPID(s)
	must(s, "systemctl", "restart", "leased.service")
	waitLeased(s, pid)
	if !mounts("self") || mounts(leasedPID(s)) {
		s.Errorf("%s is mounted: on the host %v, in leased's namespace %v; want true, false", at, mounts("self"), mounts(leasedPID(s)))
	}
}

// hideNetns takes /run/netns away, as it is at boot. The LAN's router, which lives in
// there, goes on under another name until the function returned is called.
func (s *scene) hideNetns() (restore func()) {
	s.Helper()
	const router = "/run/netns/router"
	keep := filepath.Join(s.TempDir(), "router")
	mount := func(from, to string) {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(to, nil, 0o600); err != nil {
			s.Fatal(err)
		}
		must(s, "mount", "--bind", from, to)
	}
	mount(router, keep)
	for try("umount", router).code == 0 || try("umount", "/run/netns").code == 0 {
	}
	if err := os.RemoveAll("/run/netns"); err != nil {
		s.Fatal(err)
	}
	return func() {
		mount(keep, router)
		must(s, "umount", keep)
	}
}
