// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// home is a host with its parent, containers on it, and a Keeper.
type home struct {
	*testing.T
	lan  *testlan.LAN
	k    *Keeper
	log  logbook
	stop func()

	leases Leaser
}

// logbook is a log that can be read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const (
	hostAddr = "192.0.2.2"
	shimAddr = "192.0.2.9"
)

func begin(t *testing.T) *home {
	t.Helper()
	t.Parallel()
	h := &home{T: t, lan: testlan.New(t)}
	h.host("ip", "addr", "add", hostAddr+"/24", "dev", testlan.HostNIC)
	h.start()
	return h
}

// start is a leased that starts, with records that tell these uses.
func (h *home) start(records ...Use) {
	ns := h.lan.Host.Open()
	ctx, cancel := context.WithCancel(context.Background())
	h.k = New(ns, slog.New(slog.NewTextHandler(&h.log, nil)))
	h.k.Leases = h.leases
	for _, u := range records {
		h.k.Tell(u.Addr.String(), u)
	}
	ended := make(chan struct{})
	k := h.k
	go func() { defer close(ended); _ = k.Run(ctx) }()
	h.stop = func() { cancel(); <-ended }
	h.Cleanup(h.stop)
}

// host is what a command on the host prints, without ip's complaints about links whose other end is
// elsewhere.
func (h *home) host(argv ...string) (out string) {
	for line := range strings.Lines(h.lan.Host.Run(argv...)) {
		if !strings.HasPrefix(line, "Error: ") {
			out += line
		}
	}
	return out
}

// container is one on the parent, with that address, whose use the Keeper is told.
func (h *home) container(addr string) *testlan.NS {
	h.Helper()
	c := h.lan.Container()
	h.lan.Macvlan(c, "eth0")
	c.Run("ip", "addr", "add", addr+"/24", "dev", "eth0")
	h.k.Tell(addr, use(addr))
	return c
}

func use(addr string) Use {
	return Use{Host: testlan.HostNIC, Own: netip.MustParseAddr(shimAddr), Addr: netip.MustParseAddr(addr)}
}

// shim is the name of the host's shim; empty: there is none.
func (h *home) shim() (name string) {
	for line := range strings.Lines(h.host("ip", "-br", "link", "show", "type", "macvlan")) {
		name, _, _ = strings.Cut(strings.Fields(line)[0], "@")
	}
	return name
}

// routes waits until the host has just these routes to containers.
func (h *home) routes(want ...string) {
	h.Helper()
	testlan.Eventually(h, "routes to "+strings.Join(want, ", "), func() bool {
		have := h.host("ip", "-4", "route")
		for _, addr := range want {
			if !strings.Contains(have, addr+" dev "+h.shim()+" proto dhcp scope link src "+shimAddr) {
				return false
			}
		}
		return strings.Count(have, "proto dhcp") == len(want)
	})
}

// reach each other: the container answers the host, and the host answers at both its addresses.
func (h *home) reach(c *testlan.NS, addr string) {
	h.Helper()
	h.host("ping", "-c1", "-W3", addr)
	c.Run("ping", "-c1", "-W3", shimAddr)
	c.Run("ping", "-c1", "-W3", hostAddr)
}

func TestHostAndContainersReachEachOther(t *testing.T) {
	h := begin(t)
	before := h.host("ip", "-4", "route")
	a := h.container("192.0.2.50")
	h.routes("192.0.2.50")
	b := h.container("192.0.2.51")
	h.routes("192.0.2.50", "192.0.2.51")
	h.reach(a, "192.0.2.50")
	h.reach(b, "192.0.2.51")
	name := h.shim()
	if link := h.host("ip", "-d", "link", "show", name); !strings.HasPrefix(name, "vethnd") || !strings.Contains(link, "mode bridge") || !strings.Contains(link, "alias net-dhcp: shim of the host on nic0") {
		t.Errorf("the shim is %s", link)
	}
	if six := h.host("ip", "-6", "addr", "show", "dev", name); six != "" {
		t.Errorf("it has IPv6: %s", six)
	}
	// The LAN goes on to reach the host by its NIC, whoever says something else later.
	h.lan.Router.Sysctl("net/ipv4/neigh/"+testlan.RouterLink+"/locktime", "0")
	h.lan.Router.Run("ping", "-c1", "-W3", hostAddr)
	h.lan.Router.Run("ping", "-c1", "-W3", shimAddr)
	h.host("ip", "neigh", "flush", "dev", name)
	h.host("ping", "-c1", "-W3", "-I", hostAddr, "192.0.2.51")
	nic := strings.Fields(h.host("ip", "-br", "link", "show", testlan.HostNIC))[2]
	if neighbour := h.lan.Router.Run("ip", "neigh", "show", hostAddr); !strings.Contains(neighbour, nic) {
		t.Errorf("the LAN has the host at %s, not at its NIC %s", neighbour, nic)
	}
	h.lan.Router.Run("ping", "-c1", "-W3", shimAddr)

	h.k.Tell("192.0.2.50", use("192.0.2.60")) // another lease
	h.routes("192.0.2.60", "192.0.2.51")
	h.k.Tell("192.0.2.50", Use{})
	h.routes("192.0.2.51")
	h.k.Tell("192.0.2.51", Use{})
	testlan.Eventually(t, "the shim is gone", func() bool { return h.shim() == "" })
	if after := h.host("ip", "-4", "route"); after != before {
		t.Errorf("the host's routes were\n%s, and are\n%s", before, after)
	}
}

func TestShimIsMended(t *testing.T) {
	h := begin(t)
	c := h.container("192.0.2.50")
	h.routes("192.0.2.50")
	for _, harm := range map[string]func(name string){
		"its route":   func(name string) { h.host("ip", "route", "flush", "dev", name) },
		"its address": func(name string) { h.host("ip", "addr", "flush", "dev", name) },
		"down":        func(name string) { h.host("ip", "link", "set", name, "down") },
		"the link":    func(name string) { h.host("ip", "link", "del", name) },
		"its own name": func(name string) {
			h.host("ip", "link", "set", name, "down")
			h.host("ip", "link", "set", name, "name", "other", "up")
		},
	} {
		harm(h.shim())
		h.routes("192.0.2.50")
		h.reach(c, "192.0.2.50")
	}
}

// A parent takes its macvlans with it.
func TestShimComesBackWithItsParent(t *testing.T) {
	h := begin(t)
	h.container("192.0.2.50")
	h.routes("192.0.2.50")
	h.host("ip", "link", "del", testlan.HostNIC)
	testlan.Eventually(t, "the shim is gone", func() bool { return h.shim() == "" })
	h.host("ip", "link", "add", "other9", "type", "bridge")
	h.host("ip", "link", "set", "other9", "name", testlan.HostNIC)
	h.host("ip", "link", "set", testlan.HostNIC, "up")
	h.routes("192.0.2.50")
}

// The next leased finds the shim, and removes one that nobody uses.
func TestShimOfAnEarlierLeased(t *testing.T) {
	h := begin(t)
	c := h.container("192.0.2.50")
	h.routes("192.0.2.50")
	index := h.host("ip", "-o", "link", "show", h.shim())
	h.stop()
	h.host("ip", "route", "del", "192.0.2.50")
	h.start(use("192.0.2.50"))
	h.routes("192.0.2.50")
	h.reach(c, "192.0.2.50")
	if again := h.host("ip", "-o", "link", "show", h.shim()); again != index {
		t.Errorf("the shim was %s, and is %s", index, again)
	}
	h.stop()
	h.start()
	testlan.Eventually(t, "the shim is gone", func() bool { return h.shim() == "" })
}

// What is in the way is said, once, and what is not leased's stays.
func TestWhatIsInTheWay(t *testing.T) {
	h := begin(t)
	name := nameOn(testlan.HostNIC)
	h.host("ip", "link", "add", name, "type", "bridge")
	h.host("ip", "link", "add", "vethnd-own", "link", testlan.HostNIC, "type", "macvlan", "mode", "bridge")
	h.host("ip", "link", "set", "vethnd-own", "alias", "somebody's")
	h.k.Tell("a", use("192.0.2.50"))
	testlan.Eventually(t, "the log says it", func() bool { return strings.Contains(h.log.String(), "another interface "+name) })
	h.host("ip", "link", "del", name)
	h.host("ip", "link", "del", "vethnd-own")
	h.host("ip", "route", "add", "192.0.2.51", "dev", testlan.HostNIC)
	h.routes("192.0.2.50")
	h.k.Tell("b", use("192.0.2.51"))
	testlan.Eventually(t, "the log says it", func() bool { return strings.Contains(h.log.String(), "another route") })
	h.routes("192.0.2.50")
	h.k.Tell("b", use(shimAddr))
	testlan.Eventually(t, "the log says it", func() bool { return strings.Contains(h.log.String(), "take it out of the DHCP server's pool") })
	h.routes("192.0.2.50")
}

func TestPace(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Now()
	if d := p.next(now, false); d != gather {
		t.Errorf("first %s", d)
	}
	for range 20 {
		p.next(now, true)
	}
	if d := p.next(now, true); d < 40*time.Second || d > 42*time.Second {
		t.Errorf("at last %s", d)
	}
	if d := p.next(now.Add(2*calm), false); d != gather {
		t.Errorf("after the calm %s", d)
	}
}
