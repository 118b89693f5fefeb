// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// way is a pair of a plugin and a leased.
type way struct {
	name            string
	setup, teardown func(c *container) error
}

var (
	oldPlugin = way{
		"old plugin",
		(*container).oldSetup,
		(*container).oldTeardown,
	}
	withOldLeased = way{
		"old leased",
		func(c *container) error { return c.plugin(c.h.old.path, "setup") },
		func(c *container) error { return c.plugin(c.h.old.path, "teardown") },
	}
	ofToday = way{
		"both of today",
		func(c *container) error { return c.plugin(c.h.socket, "setup") },
		func(c *container) error { return c.plugin(c.h.socket, "teardown") },
	}
	ways = []way{oldPlugin, withOldLeased, ofToday}
)

// A container that one pair has set up is torn down by any other: an upgrade or a downgrade
// came between.
func TestSetupAndTeardown(t *testing.T) {
	all := newHost(t, build(t))
	for kind := range kinds {
		for _, in := range ways {
			for _, out := range ways {
				t.Run(kind+", "+in.name+", then "+out.name, func(t *testing.T) {
					h := all.in(t)
					c, mark := h.container(kind), len(h.server.Log())
					must(t, in.setup(c))
					h.bound(c)
					must(t, out.teardown(c))
					h.nothingLeft(c)
					h.said(mark, "DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK", "DHCPRELEASE")
				})
			}
		}
	}
	all.wasAsked(t)
}

// said checks the kinds of messages in the server's log since the mark.
func (h *host) said(mark int, want ...string) {
	h.Helper()
	var got []string
	for _, event := range h.server.WaitEvents(h, mark+len(want))[mark:] {
		kind, _, _ := strings.Cut(event, " ")
		got = append(got, kind)
	}
	if !slices.Equal(got, want) {
		h.Errorf("the server's log: %q, want %q", got, want)
	}
}

// wasAsked checks that the programs of this tree ask a leased to make and delete links: else
// the tests with an old leased would see no difference.
func (h *host) wasAsked(t *testing.T) {
	t.Helper()
	if h.old.refused.Load() == 0 {
		t.Error("the old leased was not asked for a link")
	}
}

// A setup that fails, or whose caller dies while it waits for a server, leaves nothing.
func TestNoServer(t *testing.T) {
	all := newHost(t, build(t))
	all.server.Stop()
	for kind := range kinds {
		for _, w := range ways {
			t.Run(kind+", "+w.name, func(t *testing.T) {
				h := all.in(t)
				c := h.container(kind)
				if err := w.setup(c); err == nil || !strings.Contains(err.Error(), "no DHCP server answered") {
					t.Errorf("setup: %v", err)
				}
				h.nothingLeft(c)
				must(t, w.teardown(c)) // as runtimes do
			})
		}
		for name, socket := range map[string]string{"old leased": all.old.path, "leased of today": all.socket} {
			t.Run(kind+", "+name+", the caller dies", func(t *testing.T) {
				h := all.in(t)
				c := h.container(kind)
				cmd, wait := h.start(socket, c.document(), h.pluginPath(), "setup", c.ns.Path)
				testlan.Eventually(t, "leased asks", func() bool { return len(h.list()) == 1 && len(links(c.ns)) == 1 })
				must(t, cmd.Process.Kill())
				_ = wait() // says that it was killed
				h.nothingLeft(c)
			})
		}
	}
	all.wasAsked(t)
}

// The hook works with a leased of each version, and with one that changes meanwhile.
func TestHook(t *testing.T) {
	all := newHost(t, build(t))
	sockets := map[string]string{"old leased": all.old.path, "leased before owners": all.before.path, "leased of today": all.socket}
	for first, in := range sockets {
		for second, out := range sockets {
			t.Run(first+", then "+second, func(t *testing.T) {
				h := all.in(t)
				c := h.container("bridge")
				c.at.Network = "io.leased"
				init := exec.Command("sleep", "1000")
				c.ns.Start(init)
				must(t, c.hook(in, "createRuntime", init.Process.Pid))
				h.bound(c)
				must(t, init.Process.Kill())
				_ = init.Wait() // says that it was killed
				c.ns.Delete()
				must(t, c.hook(out, "poststop", init.Process.Pid))
				h.nothingLeft(c)
			})
		}
	}
	all.wasAsked(t)
}
