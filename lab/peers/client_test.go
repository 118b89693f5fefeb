// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/lab/testlan"
)

// client is a DHCP client with a link for each reply, on a LAN of its own.
type client struct {
	t      *testing.T
	name   string
	lan    *testlan.LAN
	ns     *testlan.NS
	links  []testlan.Link // by reply
	taken  []netip.Prefix // by reply; invalid: nothing yet
	server *server
	dir    string // with the files of start
	pid    int
}

// newClient makes the links, all in one namespace, and the server that answers them.
func newClient(t *testing.T, name string, replies []reply) *client {
	t.Helper()
	c := &client{t: t, name: name, lan: testlan.New(t), taken: make([]netip.Prefix, len(replies))}
	c.ns = c.lan.Container()
	c.ns.Sysctl("net/ipv6/conf/default/disable_ipv6", "1")
	c.plug(replies, func() *testlan.NS { return c.ns })
	return c
}

// plug makes the links, each in a namespace that in returns.
func (c *client) plug(replies []reply, in func() *testlan.NS) {
	c.server = &server{replies: replies, links: map[string]int{}, heard: make([]asked, len(replies))}
	for i := range replies {
		link := c.lan.Veth(in(), linkName(i))
		c.links = append(c.links, link)
		c.server.links[link.MAC.String()] = i
	}
	c.lan.Server(c.server.answer)
}

func linkName(i int) string { return fmt.Sprintf("c%d", i) }

// names are those of all links.
func (c *client) names() (all []string) {
	for _, l := range c.links {
		all = append(all, l.Name)
	}
	return all
}

// private is what a shell does first, in mount and process namespaces of its own: it hides from the client
// what that could change of the host, or read.
const private = `
mount -t proc none /proc
mount -t sysfs -o ro none /sys
for dir in /run /var/lib /etc/systemd; do [ ! -d $dir ] || mount -t tmpfs none $dir; done
mkdir -p /run/systemd/network /var/lib/dhcpcd /var/lib/dhcp
cd "$0"
`

// start starts a shell's script in a directory with those files. Its arguments are the links.
func (c *client) start(script string, files map[string]string) {
	c.t.Helper()
	c.dir = c.t.TempDir()
	for name, text := range files {
		must(c.t, os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o755))
	}
	// All processes of the namespace end with the first one, which stays the shell: a client that becomes
	// another user would outlive this process.
	script += "\nwait\n"
	cmd := exec.Command("sh", append([]string{"-e", "-c", private + script, c.dir}, c.names()...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	c.run(c.ns, cmd, filepath.Join(c.dir, "said"))
	c.pid = cmd.Process.Pid
}

// run starts the client, stops it when the test ends, and tells what it has said if the test failed.
func (c *client) run(in *testlan.NS, cmd *exec.Cmd, path string) {
	c.t.Helper()
	said, err := os.Create(path)
	must(c.t, err)
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	in.Start(cmd)
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text, err := os.ReadFile(path); err == nil && c.t.Failed() {
			c.t.Logf("%s says, in the end:\n%s", c.name, text[max(0, len(text)-2000):])
		}
	})
}

// look notes the addresses that the links have. 0.0.0.0 is none. A link that has lost its address has
// taken it nevertheless: leases of a second end.
func (c *client) look() {
	c.t.Helper()
	c.ns.Netlink(func(h *netlink.Handle) error {
		have, err := h.AddrList(nil, netlink.FAMILY_V4)
		for _, a := range have {
			for i, l := range c.links {
				if ip, ok := netip.AddrFromSlice(a.IP.To4()); ok && l.Index == a.LinkIndex && !ip.IsUnspecified() {
					bits, _ := a.Mask.Size()
					c.taken[i] = netip.PrefixFrom(ip, bits)
				}
			}
		}
		return err
	})
}

// settle waits until each link has taken an address or has refused.
func (c *client) settle(end time.Time) {
	c.t.Helper()
	for ; ; time.Sleep(50 * time.Millisecond) {
		c.look()
		var open []string
		for i, a := range c.taken {
			if !a.IsValid() && !c.server.refused(i) {
				open = append(open, c.server.replies[i].name)
			}
		}
		switch {
		case len(open) == 0:
			return
		case time.Now().After(end):
			c.t.Errorf("%s asks too seldom: %s", c.name, strings.Join(open, ", "))
			return
		}
	}
}

const (
	// patience is how long the clients may take to have made up their minds.
	patience = 40 * time.Second
	// digestion is how long a client may take for an answer, beside all the others on two cores.
	digestion = 4 * time.Second
	// silence is how long a client may take to ask again.
	silence = 15 * time.Second
	// timeout is leased's, and longer than leased ever needs.
	timeout = 10 * time.Second
)
