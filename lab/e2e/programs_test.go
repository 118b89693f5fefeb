// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// programs configure hosts' interfaces. Each is told to leave the lab's own interfaces alone, and
// of ours what everybody tells it, or what our package does.
var programs = map[string]struct {
	config  string // in a file that %s names in the command
	command string
}{
	"dhcpcd": {
		"nodev\ndenyinterfaces veth* nic* br* up* router* wall*\n",
		"dhcpcd -B -f %s",
	},
	"networkmanager": {
		"[main]\nplugins=keyfile\n[keyfile]\nunmanaged-devices=interface-name:nic*;interface-name:br*;interface-name:up*;interface-name:wall*\n",
		"NetworkManager --no-daemon --config=%s",
	},
	"connman": {
		"[General]\nNetworkInterfaceBlacklist = vmnet,vboxnet,virbr,ifb,ve-,vb-,veth,nic,br,up,router,wall\n",
		"connmand --nodaemon --config=%s",
	},
}

// Whatever configures the host's interfaces takes wired0, and leaves a container's port alone.
// It must not write the resolv.conf of the machine that runs the tests.
func TestProgramsOfTheHost(t *testing.T) {
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			n := s.bridge()
			c := s.run("", "--network", n)
			c.bound(n, "eth0")
			port := c.hostEnd("eth0").IfName
			must(s, "ip", "link", "add", "wired0", "type", "veth", "peer", "name", "wall0")
			s.Cleanup(func() { try("ip", "link", "delete", "wired0") })
			must(s, "ip", "link", "set", "wall0", "up")
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, []byte(p.config), 0o644); err != nil {
				s.Fatal(err)
			}
			words := strings.Fields(strings.Replace(p.command, "%s", file, 1))
			must(s, "systemd-run", append([]string{"--quiet", "--collect", "--unit", s.name, "-p", "ReadOnlyPaths=/sys /etc"}, words...)...)
			s.Cleanup(func() { must(s, "systemctl", "stop", s.name); try("systemctl", "stop", "systemd-hostnamed") })
			eventually(s, 15*time.Second, name+" takes what it is to take", func() bool {
				return slices.Contains(hostLink(s, "wired0").Flags, "UP")
			})
			equal(s, "the port's addresses", len(hostLink(s, port).ipv4()), 0)
			equal(s, "its master", hostLink(s, port).Master, "br0")
			ping(s, c.endpoint(n).IPAddress)
		})
	}
}
