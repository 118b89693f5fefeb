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

// reboot is what leased sees of one: it and all containers are dead, nobody has said
// goodbye, /run is empty, and the boot has another id.
func (s *scene) reboot(all ...*container) {
	s.Helper()
	must(s, "systemctl", "stop", "leased.socket", "leased.service")
	for _, c := range all {
		kill(s, c.pid())
	}
	for _, c := range all {
		eventually(s, 5*time.Second, "the container is dead", func() bool { return c.inspect().State.Status == "exited" })
	}
	files, _ := filepath.Glob("/run/leased/*")
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			s.Fatal(err)
		}
	}
	s.otherBoot()
	must(s, "systemctl", "start", "leased.socket")
}

// otherBoot has leased, and nobody else, see another boot's id.
func (s *scene) otherBoot() {
	s.Helper()
	other := filepath.Join(s.TempDir(), "boot_id")
	if err := os.WriteFile(other, []byte("6c61626c-6162-4c61-a26c-61626c61620a\n"), 0o644); err != nil {
		s.Fatal(err)
	}
	s.dropIn("reboot", "BindReadOnlyPaths="+other+":/proc/sys/kernel/random/boot_id")
	s.Cleanup(func() { s.clear(); s.forget() })
}

// dropIn changes leased's service from its next start on, until the scene ends.
func (s *scene) dropIn(name, setting string) {
	s.Helper()
	s.dropInOf("leased.service", name, setting)
}

// dropInOf is dropIn for another service.
func (s *scene) dropInOf(service, name, setting string) {
	s.Helper()
	dir := "/run/systemd/system/" + service + ".d/"
	s.Cleanup(func() {
		os.Remove(dir + name + ".conf")
		must(s, "systemctl", "daemon-reload")
		must(s, "systemctl", "stop", service)
	})
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(dir+name+".conf", []byte("[Service]\n"+setting+"\n"), 0o644)
	}
	if err != nil {
		s.Fatal(err)
	}
	must(s, "systemctl", "daemon-reload")
}

// After a reboot all leases are held. Who comes back has its own by two messages; what
// nobody comes back for goes to a newcomer when the pool has nothing else. (Else it
// is given back after two minutes, which a test of the manager waits for.)
func TestReboot(t *testing.T) {
	s := begin(t)
	must(s, "lan", "forget")
	s.server("--dhcp-range=192.0.2.70,192.0.2.72,255.255.255.0,2m")
	n, m := s.bridge(), s.macvlan()
	a, b, gone := s.run("a", "--network", n), s.run("b", "--network", m), s.run("gone", "--network", n)
	before := map[*container]endpoint{a: a.bound(n, "eth0"), b: b.bound(m, "eth0"), gone: gone.bound(n, "eth0")}
	for c, e := range before {
		s.says(e.MacAddress, dora(e.IPAddress, c.name)...)
	}
	s.reboot(a, b, gone)
	s.held(before)
	for c, on := range map[*container]string{a: n, b: m} {
		must(s, "podman", "start", c.name)
		equal(s, "the attachment", c.bound(on, "eth0"), before[c])
		c.hasRoutes(viaEth0)
		s.says(before[c].MacAddress, back(before[c].IPAddress, c.name)...)
	}
	newcomer := s.run("new", "--network", n)
	e := newcomer.bound(n, "eth0")
	left := before[gone]
	equal(s, "the newcomer's address", e.IPAddress, left.IPAddress)
	s.says(left.MacAddress, "RELEASE "+left.IPAddress)
	said := s.of(e.MacAddress)
	asked := slices.Index(said, "DISCOVER")
	for _, text := range said[:max(asked, 0)] {
		equal(s, "what the newcomer heard first", text, "DISCOVER no address available")
	}
	s.says(e.MacAddress, slices.Concat(said[:max(asked, 1)], dora(e.IPAddress, newcomer.name))...)
}

// The power comes back, and the router takes longer than the host: a container starts
// on the lease that it had (RFC 2131 §3.2), and the router confirms it later, even one
// that has forgotten all.
func TestRebootBeforeTheRouter(t *testing.T) {
	for name, x := range map[string]struct {
		stop    string
		network func(s *scene) string
	}{
		"remembers": {"stop", func(s *scene) string { return s.bridge() }},
		"forgets":   {"forget", func(s *scene) string { return s.macvlan() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			n := x.network(s)
			c := s.run("", "--network", n)
			e := c.bound(n, "eth0")
			s.noServer()
			must(s, "lan", x.stop)
			s.reboot(c)
			c.startsAlone(n, e)
			s.server()
			eventually(s, 64*time.Second, "the lease is confirmed", func() bool { return leases(s)[e.MacAddress].State == "BOUND" })
			equal(s, "the attachment", c.bound(n, "eth0"), e)
			s.says(e.MacAddress, append(dora(e.IPAddress, c.name), back(e.IPAddress, c.name)...)...)
			c.remove()
			s.says(e.MacAddress, "RELEASE "+e.IPAddress)
		})
	}
}

// startsAlone starts a container where there is no server.
func (c *container) startsAlone(network string, e endpoint) {
	s := c.s
	s.Helper()
	r := try("podman", "start", c.name)
	if r.code != 0 || r.took < 4*time.Second || r.took > 7*time.Second {
		s.Fatalf("podman start took %v: %v", r.took, r)
	}
	equal(s, "podman's idea", c.endpoint(network), e)
	equal(s, "the kernel's addresses", c.link("eth0").ipv4(), []string{e.IPAddress + "/24"})
	c.hasRoutes(viaEth0)
	equal(s, "leased's state", leases(s)[e.MacAddress].State, "REBINDING")
	ping(s, e.IPAddress)
}
