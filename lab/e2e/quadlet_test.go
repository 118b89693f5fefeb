// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const (
	quadlets = "/etc/containers/systemd/"
	examples = "/usr/share/doc/podman-net-dhcp/examples/"
)

// example is one of those that are installed.
func example(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(examples + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// quadlet writes a unit that Podman's generator makes a service of.
func (s *scene) quadlet(file, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(quadlets+file), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(quadlets+file, []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.Remove(quadlets + file) })
}

// A quadlet, here the example's, makes a container of another id at each start.
func TestQuadlet(t *testing.T) {
	s := begin(t)
	s.quadlet("lan.network", example(s, "quadlet/lan.network"))
	s.quadlet("lan.network.d/lab.conf", fmt.Sprintf("[Network]\nNetworkName=%s\nOptions=release=3s\n", s.name))
	s.quadlet("web.container", example(s, "quadlet/web.container"))
	s.quadlet("web.container.d/lab.conf", fmt.Sprintf("[Container]\nContainerName=%s\nImage=%s\nExec=sleep 1000\n"+
		"PodmanArgs=--stop-signal=SIGKILL\n", s.name, image))
	must(s, "systemctl", "daemon-reload")
	s.Cleanup(func() {
		try("systemctl", "stop", "web.service", "lan-network.service")
		try("systemctl", "daemon-reload")
	})
	must(s, "systemctl", "start", "web.service")
	c := &container{s, s.name}
	id, e := c.inspect().ID, c.bound(s.name, "eth0")
	equal(s, "the name in the server's table", table(s)[e.MacAddress].name, "web")
	must(s, "systemctl", "restart", "web.service")
	equal(s, "the attachment after restart", c.bound(s.name, "eth0"), e)
	if c.inspect().ID == id {
		s.Error("it is the same container")
	}
	must(s, "systemctl", "stop", "web.service")
	// The restart finds its lease by INIT-REBOOT; the stop gives it back after the grace.
	s.says(e.MacAddress, append(dora(e.IPAddress, "web"), back(e.IPAddress, "web")...)...)
	equal(s, "leased's state", leases(s)[e.MacAddress].State, "HELD")
	s.says(e.MacAddress, "RELEASE "+e.IPAddress)
	must(s, "systemctl", "stop", "lan-network.service")
}
