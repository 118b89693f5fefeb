// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	watch "podman-net-dhcp/leased/internal/links"
)

// cable is a container on a LAN whose links are watched.
type cable struct {
	*testing.T
	lan       *testlan.LAN
	server    *testlan.Dnsmasq
	m         tested
	log       *logbook
	container *testlan.NS
	lease     *leaseapi.Lease
}

// plugIn starts a container on a LAN, with these options.
func plugIn(t *testing.T, options map[string]string) *cable {
	t.Helper()
	c := &cable{T: t, lan: testlan.New(t)}
	c.server = c.lan.Dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,1h")
	c.container = c.lan.Container()
	k := host(t, c.lan)
	w, err := watch.Listen(k.Host)
	if err != nil {
		t.Fatal(err)
	}
	c.m, c.log = onHostWatched(t, k, w.Watch)
	ended := make(chan struct{})
	go func() { defer close(ended); c.follow(w) }()
	t.Cleanup(func() { w.Close(); <-ended })
	s, netns := ask(t, c.container, options)
	if c.lease, err = c.m.setUp(s, netns()); err != nil {
		t.Fatal(err)
	}
	return c
}

// follow tells the Manager the news, as leased does.
func (c *cable) follow(w *watch.Watcher) {
	for {
		n, err := w.Next()
		if err != nil {
			return
		}
		for _, h := range n.Hosts {
			c.m.HostChanged(h.Name, h.Trouble, h.Back)
		}
		if n.Missed {
			c.m.PortsMissed(n.Plugged)
		} else if len(n.Ports) > 0 {
			c.m.PortsChanged(n.Ports)
		}
	}
}

// hostEnd is the name of the container's host end.
func (c *cable) hostEnd() string {
	c.Helper()
	for line := range strings.Lines(c.lan.Host.Run("ip", "-br", "link", "show", "type", "veth")) {
		name, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		if name != "up0" && name != testlan.HostNIC {
			return name
		}
	}
	c.Fatal("there is no host end")
	return ""
}

// shows waits until List shows the trouble; empty: none.
func (c *cable) shows(trouble string) {
	c.Helper()
	testlan.Eventually(c, "List shows "+trouble, func() bool {
		all := listed(c.m)
		return len(all) == 1 && all[0].Trouble == trouble
	})
}

// confirmed waits until the server was asked for the same address n times since the start, and
// the container has it, with its route, and reaches the LAN.
func (c *cable) confirmed(n int) {
	c.Helper()
	addr := c.lease.Address.Addr().String()
	testlan.Eventually(c, "the lease is confirmed", func() bool {
		acks := 0
		for _, line := range c.server.Log() {
			if strings.Contains(line, "DHCPACK") && strings.Contains(line, addr) {
				acks++
			}
		}
		all := listed(c.m)
		return acks > n && len(all) == 1 && all[0].State == "BOUND" && all[0].Trouble == ""
	})
	if have := c.container.Run("ip", "-4", "addr", "show", "eth0"); !strings.Contains(have, addr) {
		c.Errorf("%s is not in %s", addr, have)
	}
	if have := c.container.Run("ip", "route"); !strings.Contains(have, "default via 192.0.2.1 dev eth0") {
		c.Errorf("the routes are %s", have)
	}
	c.container.Run("ping", "-c1", "-W2", "192.0.2.1")
	if log := c.log.all(); strings.Contains(log, "container is gone") {
		c.Errorf("the container is gone: %s", log)
	}
}

// Whoever configures the host's network takes ports out of bridges, and bridges away: the
// container is on the LAN again as soon as there is one.
func TestPortIsPluggedInAgain(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(c *cable, port string){
		"unplugged": func(c *cable, port string) { c.lan.Host.Run("ip", "link", "set", port, "nomaster") },
		"down":      func(c *cable, port string) { c.lan.Host.Run("ip", "link", "set", port, "down") },
		"deleted":   func(c *cable, port string) { c.lan.Host.Run("ip", "link", "del", port) },
		"deleted inside": func(c *cable, _ string) {
			c.container.Run("ip", "link", "del", "eth0")
		},
		"bridge made anew": func(c *cable, _ string) {
			c.lan.Host.Run("ip", "link", "del", testlan.HostBridge)
			c.shows("bridge br0 is gone")
			c.anew()
		},
		"bridge made anew at once": func(c *cable, _ string) {
			c.lan.Host.Run("sh", "-c", "ip link del br0 && ip link add br0 type bridge && ip link set up0 master br0 && ip link set br0 up")
		},
		"bridge made anew, and the port lost": func(c *cable, port string) {
			c.lan.Host.Run("ip", "link", "del", testlan.HostBridge)
			c.lan.Host.Run("ip", "link", "del", port)
			c.shows("bridge br0 is gone")
			c.anew()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := plugIn(t, links4["bridge"])
			was := c.container.Run("ip", "-br", "link", "show", "eth0")
			cut(c, c.hostEnd())
			c.confirmed(1)
			if is := c.container.Run("ip", "-br", "link", "show", "eth0"); mac(is) != mac(was) {
				t.Errorf("eth0 was %s, and is %s", was, is)
			}
			if have := c.lan.Host.Run("ip", "-br", "link", "show", "master", testlan.HostBridge); !strings.Contains(have, c.hostEnd()) {
				t.Errorf("the ports are %s", have)
			}
			c.guarded()
		})
	}
}

func (c *cable) anew() {
	c.Helper()
	c.lan.Host.Run("ip", "link", "add", testlan.HostBridge, "type", "bridge")
	c.lan.Host.Run("ip", "link", "set", testlan.HostBridge, "up")
	c.lan.Host.Run("ip", "link", "set", "up0", "master", testlan.HostBridge)
}

// guarded: the container cannot send from another address than its own.
func (c *cable) guarded() {
	c.Helper()
	c.container.Run("ip", "addr", "add", "192.0.2.250/24", "dev", "eth0")
	cmd := c.container.Run("sh", "-c", "ping -c1 -W1 -I 192.0.2.250 192.0.2.1 >/dev/null 2>&1; echo $?")
	if cmd == "0" {
		c.Error("the port is not guarded")
	}
}

// mac is the MAC in a line of ip -br link.
func mac(line string) string {
	if f := strings.Fields(line); len(f) > 2 {
		return f[2]
	}
	return line
}

// A macvlan goes with its parent, and comes back with it.
func TestParentComesBack(t *testing.T) {
	t.Parallel()
	c := plugIn(t, links4["macvlan"])
	was := c.container.Run("ip", "-br", "link", "show", "eth0")
	c.lan.Host.Run("ip", "link", "del", testlan.HostNIC)
	c.shows("parent nic0 is gone")
	c.lan.Renew(t)
	c.confirmed(1)
	if is := c.container.Run("ip", "-br", "link", "show", "eth0"); mac(is) != mac(was) {
		t.Errorf("eth0 was %s, and is %s", was, is)
	}
}

// A parent or an uplink without its LAN is shown, and the lease is confirmed when the LAN is
// back.
func TestCarrierComesBack(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct{ on, port, trouble string }{
		"macvlan": {"macvlan", "to-nic", "no carrier on nic0"},
		"bridge":  {"bridge", "to-br0", "no carrier on up0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := plugIn(t, links4[try.on])
			c.lan.Router.Run("ip", "link", "set", try.port, "down")
			c.shows(try.trouble)
			c.lan.Router.Run("ip", "link", "set", try.port, "up")
			c.confirmed(1)
		})
	}
}

// What is renamed is still there.
func TestHostInterfaceIsRenamed(t *testing.T) {
	t.Parallel()
	c := plugIn(t, links4["macvlan"])
	c.lan.Host.Run("ip", "link", "set", testlan.HostNIC, "name", "lan9")
	c.lan.Router.Run("ip", "link", "set", "to-nic", "down")
	c.shows("no carrier on nic0")
	c.lan.Router.Run("ip", "link", "set", "to-nic", "up")
	c.confirmed(1)
}

// links4 are links, with the default release.
var links4 = map[string]map[string]string{
	"bridge":  {"bridge": testlan.HostBridge, "mac": "02:00:00:00:77:01"},
	"macvlan": {"parent": testlan.HostNIC, "mac": "02:00:00:00:77:02"},
}

// A program that takes the port away again and again is not fought for ever, and told once.
func TestPortIsContested(t *testing.T) {
	t.Parallel()
	c := plugIn(t, links4["bridge"])
	port := c.hostEnd()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	unplug := func() bool {
		c.lan.Host.Run("ip", "link", "set", port, "nomaster")
		return strings.Contains(c.log.all(), "again and again") || ctx.Err() != nil
	}
	testlan.Eventually(t, "leased says so", unplug)
	if n := strings.Count(c.log.all(), "is cut off"); n != 1 {
		t.Errorf("the log says %d times that the container is cut off", n)
	}
	testlan.Eventually(t, "it is plugged in again all the same", func() bool {
		all := listed(c.m)
		return len(all) == 1 && all[0].State == "BOUND" && all[0].Trouble == ""
	})
}

func (l *logbook) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
