// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/request"
)

// Only links in a VLAN of a parent make leased look for devices, and it looks no longer than there
// are such.
func TestVLANsAreLookedForWhereThereAreSuch(t *testing.T) {
	t.Parallel()
	v := NewVLANs(testlan.New(t).Host.Open(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	for _, s := range []struct {
		vlan     int
		onBridge bool
	}{{0, false}, {0, true}, {100, true}} {
		v.made(attach.Spec{VLAN: s.vlan}, s.onBridge)
		if v.ended(); len(v.news) != 0 {
			t.Errorf("%+v: leased looks for a device", s)
		}
	}
	v.made(attach.Spec{VLAN: 100}, false)
	for range 3 {
		v.ended()
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = v.Run(ctx) }()
	testlan.Eventually(t, "leased finds that there is none", func() bool { return !v.used.Load() })
	cancel()
	<-stopped
	if v.ended(); len(v.news) != 0 {
		t.Error("leased looks again")
	}
	var none *VLANs
	none.made(attach.Spec{VLAN: 100}, false)
	none.ended()
}

// Stand-ins and router listeners in a VLAN of a parent make the device, and it goes after them.
func TestOwnLinksInAVLAN(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.VLAN(t, 100, netip.MustParsePrefix("198.51.100.1/24"))
	k := Linux{Host: lan.Host.Open()}
	k.VLANs = NewVLANs(k.Host, slog.New(slog.NewTextHandler(t.Output(), nil)))
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = k.VLANs.Run(ctx) }()
	defer func() { cancel(); <-stopped }()
	devices := func() string { return lan.Host.Run("ip", "-br", "link", "show", "type", "vlan") }
	on := attach.LAN(testlan.HostNIC, 100)
	listener, err := k.LANRouters(on)
	if err != nil {
		t.Fatal(err)
	}
	standIn, err := k.StandIn4(request.Link{Host: on, MAC: net.HardwareAddr{2, 0, 0, 0, 0x77, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if is := devices(); strings.Count(is, "\n") != 0 || !strings.HasPrefix(is, attach.Prefix+"v") {
		t.Errorf("the host has %s", is)
	}
	if k.Serves(on, false) || len(k.OutOfReach(on, []netip.Addr{testlan.RouterAddr})) > 0 {
		t.Error("the host is in the VLAN")
	}
	listener.Close()
	standIn.Close()
	testlan.Eventually(t, "the device goes", func() bool { return devices() == "" })
}
