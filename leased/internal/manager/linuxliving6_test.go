// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
)

// Whatever a program in the container removes of IPv6 comes back with the next renewal, and
// DHCPv6 goes on: the link-local address, DHCPv6's, the routers'. The link has another name.
func TestTakenAwayIsBack6(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.IPv6()
	testlan.Eventually(t, "the router has its link-local address", func() bool {
		have := lan.Router.Run("ip", "-6", "addr", "show", "dev", testlan.RouterLink, "scope", "link")
		return strings.Contains(have, "fe80::") && !strings.Contains(have, "tentative")
	})
	lan.Dnsmasq(append(t1t2, "--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::1ff,64,2m", "--dhcp-option-force=option6:32,4")...)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	m, log, _ := onDisk(t, kernel.Linux{}, t.TempDir(), nil)
	defer func() {
		if t.Failed() {
			t.Log(log.text.String(), container.Run("ip", "addr"), container.Run("ip", "-6", "route"))
		}
	}()
	req := requestFor(link)
	req.Policy.IPv6, req.Policy.IPv6TimeoutMS = "auto", 8000
	req.Client.DUID, req.Client.IAID, req.Client.Secret = "00040102030405060708090a0b0c0d0e0f10", 7, "0102030405060708090a0b0c0d0e0f10"
	l, _, err := m.Acquire(context.Background(), req)
	must(t, err)
	if len(l.IPv6) == 0 {
		t.Fatalf("the lease is %+v", l)
	}
	linkLocal := func() string { return container.Run("ip", "-6", "addr", "show", "scope", "link") }
	container.Run("ip", "link", "set", "eth0", "down")
	container.Run("ip", "link", "set", "eth0", "name", "lan0", "up")
	container.Run("ip", "addr", "flush", "dev", "lan0")
	container.Run("ip", "-6", "route", "flush", "dev", "lan0")
	whole := func() bool {
		addrs := container.Run("ip", "-6", "addr")
		return strings.Contains(addrs, l.IPv6[0].Address.Addr().String()) && strings.Contains(linkLocal(), "fe80::") &&
			strings.Contains(container.Run("ip", "-6", "route"), "default via fe80::")
	}
	testlan.Eventually(t, "the lease is whole", whole)
	if log.has(`msg="no IPv6"`) {
		t.Error("IPv6 was given up")
	}
}
