// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/wanted"
)

// naming are the server's arguments for a renewal soon, with names for it to bring.
func naming(domain, servers string) []string {
	return append(renewing("2", "3"), "--domain="+domain, "--dhcp-option=option:dns-server,"+servers)
}

// soon is how long a renewal takes, and what follows from it.
const soon = 8 * time.Second

func (c *container) inode(path string) string {
	c.s.Helper()
	return c.exec("stat", "-c", "%d:%i", path)
}

// becomes waits until the container's resolv.conf has these lines, sorted.
func (c *container) becomes(want string) {
	c.s.Helper()
	eventually(c.s, soon, c.name+" has "+want, func() bool { return c.resolv() == want })
}

// logged counts leased's lines about the container that have this text.
func (c *container) logged(text string) (n int) {
	c.s.Helper()
	id := wanted.ShortID(c.inspect().ID) // what leased calls it that came by the hook
	for line := range strings.Lines(c.s.journal()) {
		ours := strings.Contains(line, "container="+c.name+" ") || strings.Contains(line, "container="+id+" ")
		if ours && strings.Contains(line, text) {
			n++
		}
	}
	return n
}

const (
	byHook   = "# made by net-dhcp-hook from the DHCP lease, "
	oldNames = "nameserver 192.0.2.53, nameserver 192.0.2.54, search lan.example"
)

// A renewal brings another server and another domain. The container has them in the
// file that it had, which Podman has mounted; what that says else stays.
func TestResolvChange(t *testing.T) {
	s := begin(t)
	s.server(naming("lan.example", "192.0.2.53,192.0.2.54")...)
	hook := []string{"--network", "none", "--annotation", "io.leased.bridge=br0", "--annotation", "io.leased.release=now"}
	type kind struct{ first, last string } // lines, sorted
	all, inodes := map[*container]kind{}, map[*container]string{}
	for name, args := range map[string][]string{
		"bridge": {"--network", s.bridge(), "--dns-option", "ndots:2"},
		"nic":    {"--network", s.macvlan(), "--dns-option", "ndots:2"},
		"hook":   hook,
		"userns": append(hook, "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"),
	} {
		c := s.run(name, args...)
		k := kind{last: ", options ndots:2"}
		if args[1] == "none" {
			k = kind{first: byHook}
		}
		all[c], inodes[c] = k, c.inode("/etc/resolv.conf")
		want := k.first + strings.Replace(oldNames, ", search", k.last+", search", 1)
		equal(s, name, c.resolv(), want)
	}
	s.server(naming("new.example", "192.0.2.55")...)
	for c, k := range all {
		c.becomes(k.first + "nameserver 192.0.2.55" + k.last + ", search new.example")
		equal(s, c.name+"'s inode", c.inode("/etc/resolv.conf"), inodes[c])
		equal(s, c.name+"'s lines of leased", c.logged("resolv.conf rewritten"), 1)
	}
	s.server(naming("lan.example", "192.0.2.53,192.0.2.54")...)
	for c, k := range all {
		c.becomes(k.first + strings.Replace(oldNames, ", search", k.last+", search", 1))
	}
}

// Without an engine the file is in the container's root.
func TestResolvChangeInABundle(t *testing.T) {
	each(t, func(s *scene, runtime string) {
		s.server(naming("lan.example", "192.0.2.53")...)
		o := s.bundle(runtime, "bridge=br0")
		o.start()
		path := filepath.Join(o.dir, "rootfs/etc/resolv.conf")
		before, err := os.Stat(path)
		if err != nil {
			s.Fatal(err)
		}
		s.server(naming("new.example", "192.0.2.54,192.0.2.55")...)
		want := "# made by net-dhcp-hook from the DHCP lease\nsearch new.example\nnameserver 192.0.2.54\nnameserver 192.0.2.55\n<nil>"
		eventually(s, soon, "the new names", func() bool { return resolvConf(o.dir) == want })
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
			s.Errorf("another file, %v", err)
		}
	})
}

// A process without capabilities mounts other files of Podman's over its resolv.conf, in a user
// namespace of its own. Podman's resolv.conf follows the lease, and no other file does.
func TestResolvChangeAmongMountsOfAProcess(t *testing.T) {
	s := begin(t)
	s.server(naming("lan.example", "192.0.2.53")...)
	files := []string{"/etc/hosts", "/etc/hostname", "/run/.containerenv"}
	c := s.run("", "--network", s.bridge())
	text := func() string { return c.exec(append([]string{"sh", "-c", `cat "$@"`, "sh"}, files...)...) }
	before := text()
	for _, file := range files {
		must(s, "podman", "exec", "--detach", "--user", "1000", c.name, "unshare", "-U", "-r", "-m",
			"sh", "-c", "mount --bind "+file+" /etc/resolv.conf && exec sleep 9876")
	}
	eventually(s, soon, "the mounts", func() bool {
		return strings.Count(c.exec("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), "sleep 9876 ") == len(files)
	})
	s.server(naming("new.example", "192.0.2.54")...)
	c.becomes("nameserver 192.0.2.54, search new.example")
	equal(s, "Podman's other files", text(), before)
}

// What somebody has edited or mounted is not touched, and leased says so once. Nor is
// what no lease has brought.
func TestResolvChangeOfWhatIsNotOurs(t *testing.T) {
	s := begin(t)
	s.server(naming("lan.example", "192.0.2.53")...)
	n := s.bridge()
	mounted := filepath.Join(s.TempDir(), "resolv.conf")
	if err := os.WriteFile(mounted, []byte("search lan.example\nnameserver 192.0.2.53\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	edited, volume := s.run("edited", "--network", n), s.run("volume", "--network", n, "-v", mounted+":/etc/resolv.conf")
	fixed, other := s.run("fixed", "--network", n+":dns=192.0.2.53"), s.run("other", "--network", n)
	edited.exec("sh", "-c", "echo nameserver 192.0.2.99 >/etc/resolv.conf")
	s.server(naming("new.example", "192.0.2.54")...)
	other.becomes("nameserver 192.0.2.54, search new.example")
	for c, want := range map[*container]string{
		edited: "nameserver 192.0.2.99", volume: "nameserver 192.0.2.53, search lan.example", fixed: "nameserver 192.0.2.53",
	} {
		eventually(s, soon, c.name+"'s new names", func() bool { return c.logged("what=dns") == 1 })
		mac := c.endpoint(n).MacAddress
		s.heard(mac, "ACK", s.count(mac, "ACK")+1, soon) // a renewal more says nothing more
		equal(s, c.name, c.resolv(), want)
		said := 1
		if c == fixed {
			said = 0
		}
		equal(s, c.name+"'s lines of leased", c.logged("leased does not change it"), said)
		equal(s, c.name+"'s lines of leased", c.logged("resolv.conf rewritten"), 0)
	}
	text, err := os.ReadFile(mounted)
	equal(s, "the user's own file", string(text), "search lan.example\nnameserver 192.0.2.53\n")
	equal(s, "error", err, nil)
}
