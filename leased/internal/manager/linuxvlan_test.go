// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
	watch "podman-net-dhcp/leased/internal/links"
	"podman-net-dhcp/leased/internal/request"
)

// trunk is a LAN with two VLANs, each with a server and addresses of its own.
type trunk struct {
	*cable
	kernel kernel.Linux
	stop   func() // leased
	vlans  map[string]netip.Prefix
}

// newTrunk starts leased on a LAN with VLANs. The kernel of the tests may know none.
func newTrunk(t *testing.T) *trunk {
	t.Helper()
	c := &trunk{cable: &cable{T: t, lan: testlan.New(t)}, vlans: map[string]netip.Prefix{
		"100": netip.MustParsePrefix("198.51.100.1/24"), "200": netip.MustParsePrefix("203.0.113.1/24"),
	}}
	c.server = c.lan.Dnsmasq("--no-ping", "--dhcp-authoritative",
		"--interface="+c.lan.VLAN(t, 100, c.vlans["100"]), "--dhcp-range=198.51.100.10,198.51.100.99,1h",
		"--interface="+c.lan.VLAN(t, 200, c.vlans["200"]), "--dhcp-range=203.0.113.10,203.0.113.99,1h")
	c.kernel = host(t, c.lan)
	c.kernel.VLANs = kernel.NewVLANs(c.kernel.Host, slog.New(slog.NewTextHandler(t.Output(), nil)))
	w, err := watch.Listen(c.kernel.Host)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	swept, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(swept); _ = c.kernel.VLANs.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-swept })
	c.m, c.log, c.stop = onDisk(t, c.kernel, t.TempDir(), w.Watch)
	go func() { defer close(ended); c.follow(w) }()
	t.Cleanup(func() { w.Close(); <-ended })
	return c
}

// start starts a container in a VLAN, as the n-th one.
func (c *trunk) start(vlan string, n byte, more ...string) (*testlan.NS, request.Attachment) {
	c.Helper()
	container := c.lan.Container()
	options := map[string]string{"parent": testlan.HostNIC, "vlan": vlan, "mac": "02:00:00:00:77:0" + string('0'+rune(n)), "release": "now"}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	s, netns := ask(c.T, container, options)
	s.Wanted.ContainerID, s.Wanted.ContainerName = "id"+string('0'+rune(n)), "web"+string('0'+rune(n))
	lease, err := c.m.setUp(s, netns())
	if err != nil {
		c.Fatal(err)
	}
	if !c.vlans[vlan].Masked().Contains(lease.Address.Addr()) {
		c.Errorf("in VLAN %s the container got %s", vlan, lease.Address)
	}
	container.Run("ping", "-c1", "-W2", c.vlans[vlan].Addr().String())
	return container, request.Attachment(s.Wanted.Attachment)
}

// devices waits until the host has so many VLAN devices.
func (c *trunk) devices(want int) {
	c.Helper()
	testlan.Eventually(c, "the host has the right VLAN devices", func() bool {
		return strings.Count(c.lan.Host.Run("ip", "-d", "link", "show", "type", "vlan"), "vlan protocol") == want
	})
}

// released reports whether a RELEASE has reached the server in a VLAN.
func (c *trunk) released(vlan string) bool {
	return strings.Contains(strings.Join(c.server.Output(), "\n"), "DHCPRELEASE("+testlan.RouterLink+"."+vlan+")")
}

func (c *trunk) tearDown(container *testlan.NS, a request.Attachment) {
	c.Helper()
	f, err := os.Open(container.Path)
	if err == nil {
		err = c.m.Teardown(context.Background(), a, f)
	}
	if err != nil {
		c.Error(err)
	}
}

// Each container is in its VLAN, and in no other one. The device goes after the last container,
// also for a container that died, whose RELEASE leaves in its VLAN.
func TestVLANsOfAParent(t *testing.T) {
	t.Parallel()
	c := newTrunk(t)
	first, a := c.start("100", 1)
	second, b := c.start("100", 2)
	third, _ := c.start("200", 3)
	c.devices(2)
	for line := range strings.Lines(c.lan.Host.Run("ip", "-br", "addr", "show", "type", "vlan")) {
		if len(strings.Fields(line)) > 2 {
			t.Errorf("the host is in the VLAN: %s", line)
		}
	}
	second.Run("ip", "addr", "add", "203.0.113.99/24", "dev", "eth0")
	if second.Run("sh", "-c", "ping -c1 -W1 203.0.113.1 >/dev/null 2>&1; echo $?") == "0" {
		t.Error("a container reaches another VLAN")
	}
	third.Delete()
	testlan.Eventually(t, "the dead container's lease is given back", func() bool {
		c.m.NetnsEnded(nil, true) // the kernel ends it a little later
		return c.released("200")
	})
	c.devices(1)
	c.tearDown(first, a)
	testlan.Eventually(t, "the lease is given back", func() bool { return c.released("100") })
	c.devices(1)
	c.tearDown(second, b)
	c.devices(0)
}

// The parent takes the VLAN device along, and both are there again.
func TestVLANComesBackWithItsParent(t *testing.T) {
	t.Parallel()
	c := newTrunk(t)
	container, a := c.start("100", 1)
	c.lan.Host.Run("ip", "link", "del", testlan.HostNIC)
	c.shows("parent nic0 is gone")
	c.lan.Renew(t)
	c.shows("")
	testlan.Eventually(t, "the container reaches its VLAN", func() bool {
		return container.Run("sh", "-c", "ping -c1 -W1 198.51.100.1 >/dev/null 2>&1; echo $?") == "0"
	})
	c.devices(1)
	c.tearDown(container, a)
	c.devices(0)
}

// A leased that starts removes the devices whose last containers died without one, and no others.
func TestVLANDeviceWithoutLeased(t *testing.T) {
	t.Parallel()
	c := newTrunk(t)
	alive, _ := c.start("100", 1, "release", "never")
	dead, _ := c.start("200", 2, "release", "never")
	c.stop()
	c.devices(2)
	dead.Run("ip", "link", "delete", "eth0")
	kernel.NewVLANs(c.kernel.Host, slog.New(slog.NewTextHandler(t.Output(), nil)))
	c.devices(1)
	alive.Run("ping", "-c1", "-W2", "198.51.100.1")
}
