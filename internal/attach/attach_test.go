// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

// lab is a LAN, a Host on its host and one container.
type lab struct {
	*testlan.LAN
	t         *testing.T
	host      *attach.Host
	container *testlan.NS
}

func newLab(t *testing.T) *lab {
	t.Helper()
	lan := testlan.New(t)
	host, err := attach.OpenHost(lan.Host.Open())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	return &lab{lan, t, host, lan.Container()}
}

func spec(host string) attach.Spec {
	return attach.Spec{
		Host: host, Mode: "bridge", Interface: "lan0", MAC: net.HardwareAddr{2, 1, 2, 3, 4, 5},
		HostEnd: attach.Prefix + "123456789", FormerEnd: "web-12345678", Alias: "net-dhcp: web/lan/lan0 0123456789ab",
	}
}

func (l *lab) make(s attach.Spec) (attach.Link, error) {
	l.t.Helper()
	return l.host.Make(l.t.Context(), l.open(l.container), s)
}

// open leaves no descriptor that would pin the container for longer than the call.
func (l *lab) open(c *testlan.NS) *netns.NS { l.t.Helper(); return c.Open() }

func (l *lab) link(c *testlan.NS, name string) (link netlink.Link) {
	l.t.Helper()
	c.Netlink(func(h *netlink.Handle) (err error) {
		if link, err = h.LinkByName(name); errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil
		}
		return err
	})
	return link
}

func TestBridge(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostBridge)
	s.Isolate = true
	made, err := l.make(s)
	if err != nil {
		t.Fatal(err)
	}
	in := l.link(l.container, "lan0")
	if a := in.Attrs(); in.Type() != "veth" || a.HardwareAddr.String() != s.MAC.String() || a.Flags&net.FlagUp == 0 || a.MTU != 1500 {
		t.Errorf("inside is %+v, made %+v", in, made)
	}
	out := l.link(l.Host, s.HostEnd)
	if out == nil || out.Attrs().Alias != s.Alias || out.Attrs().MasterIndex != l.link(l.Host, testlan.HostBridge).Attrs().Index {
		t.Fatalf("the host's end is %+v", out)
	}
	if got := l.Host.Run("bridge", "-d", "link", "show", "dev", s.HostEnd); !strings.Contains(got, "isolated on") || !strings.Contains(got, "state forwarding") {
		t.Errorf("the port is %s", got)
	}
	if _, err := l.make(s); !errors.Is(err, attach.ErrExists) {
		t.Errorf("made twice: %v", err)
	}
}

// A bridge has the least of its ports' MACs, unless somebody has set one: the ARP
// tables of the LAN, and a RELEASE to a server on the host, would miss it.
func TestBridgeKeepsItsMAC(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for i, mac := range []net.HardwareAddr{{2, 0, 0, 0, 0, 1}, {0xfe, 0, 0, 0, 0, 2}} {
		s := spec("lone")
		s.MAC, s.MTU, s.Interface, s.HostEnd = mac, 1400, fmt.Sprint("lan", i), fmt.Sprint("web-", i)
		if i == 0 {
			l.Host.Run("ip", "link", "add", "lone", "up", "type", "bridge")
			l.Host.Run("ip", "link", "add", "uplink", "address", "f2:00:00:00:00:01", "up", "master", "lone", "type", "veth", "peer", "name", "wall")
		}
		if _, err := l.make(s); err != nil {
			t.Fatal(err)
		}
		if got := l.link(l.Host, "lone").Attrs().HardwareAddr.String(); got != "f2:00:00:00:00:01" {
			t.Errorf("with a container whose MAC is %v the bridge has %s", mac, got)
		}
		if err := attach.Delete(l.open(l.container), s.Interface, nil); err != nil {
			t.Fatal(err)
		}
		if err := l.host.MakeAnew(l.open(l.container), s); err != nil {
			t.Fatal(err)
		}
		if got := l.link(l.Host, "lone").Attrs().HardwareAddr.String(); got != "f2:00:00:00:00:01" {
			t.Errorf("for an older kernel the bridge has %s", got)
		}
	}
}

func TestMacvlanModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]netlink.MacvlanMode{
		"bridge": netlink.MACVLAN_MODE_BRIDGE, "private": netlink.MACVLAN_MODE_PRIVATE,
		"vepa": netlink.MACVLAN_MODE_VEPA, "passthru": netlink.MACVLAN_MODE_PASSTHRU,
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			s := spec(testlan.HostNIC)
			s.Mode, s.MTU = mode, 1400
			if _, err := l.make(s); err != nil {
				t.Fatal(err)
			}
			got, ok := l.link(l.container, "lan0").(*netlink.Macvlan)
			if !ok || got.Mode != want || got.MTU != 1400 || got.HardwareAddr.String() != s.MAC.String() || got.Flags&net.FlagUp == 0 {
				t.Errorf("made %+v", got)
			}
		})
	}
}

// Linux before 6.15 says EEXIST where the host has an interface of the container's
// name, and there is an eth0 on many a host.
func TestNameThatTheHostHas(t *testing.T) {
	t.Parallel()
	for _, host := range []string{testlan.HostNIC, testlan.HostBridge} {
		l := newLab(t)
		s := spec(host)
		s.Interface, s.MTU = testlan.HostNIC, 1400
		if _, err := l.make(s); err != nil {
			t.Errorf("on %s: %v", host, err)
		}
		if err := l.host.MakeAnew(l.open(l.container), s); !errors.Is(err, attach.ErrExists) {
			t.Errorf("on %s, made twice: %v", host, err)
		}
		if err := attach.Delete(l.open(l.container), s.Interface, nil); err != nil {
			t.Fatal(err)
		}
		if err := l.host.MakeAnew(l.open(l.container), s); err != nil {
			t.Fatalf("on %s, for an older kernel: %v", host, err)
		}
		a := l.link(l.container, s.Interface).Attrs()
		if a.HardwareAddr.String() != s.MAC.String() || a.Flags&net.FlagUp == 0 || a.MTU != 1400 || a.Name != s.Interface {
			t.Errorf("on %s, for an older kernel: %+v", host, a)
		}
	}
}

// Without a MAC of its own a container in passthru mode has the NIC's; the NIC has
// its own back in the end.
func TestPassthruTakesTheParentsPlace(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	nic := l.link(l.Host, testlan.HostNIC).Attrs().HardwareAddr.String()
	s := spec(testlan.HostNIC)
	s.Mode, s.MAC = "passthru", nil
	made, err := l.make(s)
	if err != nil || made.MAC.String() != nic {
		t.Fatalf("made %v, %v; want the MAC %s", made, err, nic)
	}
	l.container.Run("ip", "link", "delete", "lan0")
	s.MAC = net.HardwareAddr{2, 1, 2, 3, 4, 5}
	if made, err = l.make(s); err != nil || made.MAC.String() != s.MAC.String() {
		t.Fatalf("made %v, %v; want the MAC %s", made, err, s.MAC)
	}
	l.container.Run("ip", "link", "delete", "lan0")
	if got := l.link(l.Host, testlan.HostNIC).Attrs().HardwareAddr.String(); got != nic {
		t.Errorf("the NIC's MAC is %s, was %s", got, nic)
	}
}

// The MAC of a container that has just died is free again some milliseconds later.
func TestMACInUseIsWaitedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if _, err := l.make(spec(testlan.HostNIC)); err != nil {
		t.Fatal(err)
	}
	next := l.Container()
	ns := l.open(next)
	time.AfterFunc(50*time.Millisecond, func() { l.container.Run("ip", "link", "delete", "lan0") })
	if _, err := l.host.Make(t.Context(), ns, spec(testlan.HostNIC)); err != nil {
		t.Errorf("make while the MAC is in use for a moment: %v", err)
	}
	third := l.open(l.Container())
	began := time.Now()
	_, err := l.host.Make(t.Context(), third, spec(testlan.HostNIC))
	if err == nil || !strings.Contains(err.Error(), "the MAC 02:01:02:03:04:05 is in use on nic0 already") {
		t.Errorf("make while the MAC is in use for good: %v", err)
	}
	if time.Since(began) < time.Second {
		t.Errorf("gave up after %s", time.Since(began))
	}
}

func TestWhatCannotCarryALinkIsSaidWithTheRemedy(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Host.Run("ip", "link", "add", "stp0", "type", "bridge", "stp_state", "1", "forward_delay", "1500")
	l.Host.Run("ip", "link", "set", "stp0", "up")
	l.Host.Run("ip", "link", "add", "off0", "type", "bridge")
	l.Host.Run("ip", "link", "add", "mv0", "link", testlan.HostNIC, "type", "macvlan")
	for host, want := range map[string]string{
		"eth9": "there is no interface eth9 on this host; see: ip link",
		"up0":  "up0 is a port of the bridge br0 and cannot carry a macvlan; use: -o bridge=br0",
		"off0": "off0 is down; to have it up after each boot: for NetworkManager, nmcli connection add type ethernet ifname off0 ipv4.method disabled ipv6.method disabled; for systemd-networkd, a .network file with [Match] Name=off0 and [Link] ActivationPolicy=up",
		"mv0":  "mv0 is itself a macvlan; name the interface below it as parent",
		"lo":   "lo is not an Ethernet interface but loopback, which carries no macvlan",
		"stp0": "the bridge stp0 runs spanning tree and holds a new port back for 30s, longer than lease_timeout=10s; turn spanning tree off for good: for NetworkManager, nmcli connection modify stp0 bridge.stp no; for systemd-networkd, STP=no under [Bridge] in its .netdev file; for netplan, parameters: {stp: false}; or set the bridge's forward delay to 2 s, or on_timeout=continue",
	} {
		s := spec(host)
		s.Patience = 10 * time.Second
		if _, err := l.make(s); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", host, err, want)
		}
		if l.link(l.Host, s.HostEnd) != nil || l.link(l.container, "lan0") != nil {
			t.Errorf("%s: a link is left", host)
		}
	}
}

// Passthru wants the parent for itself: the second is refused in words.
func TestPassthruIsForOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if _, err := l.make(spec(testlan.HostNIC)); err != nil {
		t.Fatal(err)
	}
	s := spec(testlan.HostNIC)
	s.Mode, s.MAC = "passthru", net.HardwareAddr{2, 1, 2, 3, 4, 6}
	_, err := l.host.Make(t.Context(), l.open(l.Container()), s)
	if err == nil || !strings.Contains(err.Error(), "mode=passthru needs nic0 for one container alone") {
		t.Errorf("passthru beside another: %v", err)
	}
}

// A host end that the same attachment left behind makes way, another's does not.
func TestStaleHostEnd(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostBridge)
	l.Host.Run("ip", "link", "add", s.HostEnd, "type", "veth", "peer", "name", "peer")
	if _, err := l.make(s); err == nil || l.link(l.Host, "peer") == nil {
		t.Errorf("took another's interface: %v", err)
	}
	l.Host.Run("ip", "link", "set", s.HostEnd, "alias", s.Alias)
	if _, err := l.make(s); err != nil {
		t.Errorf("its own leftover is in the way: %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostBridge)
	if _, err := l.make(s); err != nil {
		t.Fatal(err)
	}
	ns := l.open(l.container)
	other := net.HardwareAddr{2, 9, 9, 9, 9, 9}
	if err := attach.Delete(ns, "lan0", other); err != nil || l.link(l.container, "lan0") == nil {
		t.Errorf("deleted a link with another MAC, %v", err)
	}
	for range 2 {
		if err := attach.Delete(ns, "lan0", s.MAC); err != nil {
			t.Error(err)
		}
	}
	if l.link(l.container, "lan0") != nil || l.link(l.Host, s.HostEnd) != nil {
		t.Error("a link is left")
	}
	l.container.Run("ip", "link", "add", "lan0", "type", "bridge")
	if err := attach.Delete(ns, "lan0", nil); err != nil || l.link(l.container, "lan0") == nil {
		t.Errorf("deleted what it cannot have made, %v", err)
	}
}

func TestDefaultInterface(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if _, err := l.host.DefaultInterface(); !errors.Is(err, attach.ErrNoDefaultRoute) {
		t.Errorf("without a default route: %v", err)
	}
	l.Host.Run("ip", "address", "add", "192.0.2.7/24", "dev", testlan.HostNIC)
	l.Host.Run("ip", "route", "add", "default", "via", "192.0.2.1", "metric", "200")
	l.Host.Run("ip", "address", "add", "198.51.100.7/24", "dev", testlan.HostBridge)
	l.Host.Run("ip", "route", "add", "default", "via", "198.51.100.1", "metric", "100")
	l.Host.Run("ip", "route", "add", "default", "via", "192.0.2.1", "metric", "50", "table", "100") // another table's
	l.Host.Run("ip", "route", "add", "0.0.0.0/1", "via", "192.0.2.1", "metric", "50")               // not all destinations
	on, err := l.host.DefaultInterface()
	if err != nil || on.Name() != testlan.HostBridge || on.Kind() != "bridge" {
		t.Errorf("got %s %s, %v; want the one of the least metric", on.Kind(), on.Name(), err)
	}
}
