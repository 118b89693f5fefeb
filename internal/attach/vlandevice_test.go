// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
)

// inVLAN is a Spec for a container in a VLAN of the NIC.
func inVLAN(vlan int, last byte) attach.Spec {
	s := spec(testlan.HostNIC)
	s.VLAN, s.MAC[5] = vlan, last
	return s
}

// newVLANLab is newLab. The kernel of the tests may know no VLANs.
func newVLANLab(t *testing.T) *lab {
	l := newLab(t)
	var has bool
	l.Host.Netlink(func(h *netlink.Handle) error {
		nic, err := h.LinkByName(testlan.HostNIC)
		if err != nil {
			return err
		}
		try := &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: "try", ParentIndex: nic.Attrs().Index}, VlanId: 4094}
		err = h.LinkAdd(try)
		if has = !errors.Is(err, unix.EOPNOTSUPP); err != nil || !has {
			return nil
		}
		return h.LinkDel(try)
	})
	if !has {
		t.Skip("this kernel has no VLAN devices")
	}
	return l
}

// devices are the host's VLAN devices, by their ids.
func (l *lab) devices() map[int]*netlink.Vlan {
	all := map[int]*netlink.Vlan{}
	l.Host.Netlink(func(h *netlink.Handle) error {
		links, err := h.LinkList()
		for _, link := range links {
			if v, ok := link.(*netlink.Vlan); ok {
				all[v.VlanId] = v
			}
		}
		return err
	})
	return all
}

func (l *lab) sweep(want int) {
	l.t.Helper()
	if left, err := l.host.SweepVLANs(); err != nil || left != want {
		l.t.Errorf("%d VLAN devices are left, want %d; %v", left, want, err)
	}
}

// Two containers of a VLAN share its device, which goes after the last of them.
func TestVLANOfAParent(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	l.Host.Run("ip", "link", "set", testlan.HostNIC, "mtu", "1400")
	second := l.Container()
	for i, c := range []*testlan.NS{l.container, second} {
		made, err := l.host.Make(t.Context(), l.open(c), inVLAN(100, byte(i)))
		if err != nil || made.On != testlan.HostNIC || made.HostMTU != 1400 || made.Raised || made.NoCarrier || made.Bridge {
			t.Fatalf("made %+v, %v", made, err)
		}
	}
	third := l.Container()
	ns := third.Open()
	if _, err := l.host.Make(t.Context(), ns, inVLAN(200, 9)); err != nil {
		t.Fatal(err)
	}
	ns.Close()
	all := l.devices()
	if len(all) != 2 {
		t.Fatalf("the host has %v", all)
	}
	a := all[100].Attrs()
	if !strings.HasPrefix(a.Name, attach.Prefix+"v") || a.Alias != "net-dhcp: nic0 vlan 100" || a.MTU != 1400 || a.Flags&net.FlagUp == 0 {
		t.Errorf("the device is %+v", a)
	}
	if in := l.link(second, "lan0").Attrs(); in.ParentIndex != a.Index || in.MTU != 1400 {
		t.Errorf("the container has %+v", in)
	}
	l.sweep(2)
	if err := l.host.Undo(l.open(l.container), inVLAN(100, 0)); err != nil {
		t.Error(err)
	}
	second.Run("ip", "link", "set", "lan0", "down") // it is there all the same
	l.sweep(2)
	third.Delete()
	testlan.Eventually(t, "the kernel has destroyed the namespace", func() bool {
		left, err := l.host.SweepVLANs()
		return err == nil && left == 1
	})
	second.Run("ip", "link", "delete", "lan0")
	l.sweep(0)
	if all := l.devices(); len(all) != 0 {
		t.Errorf("the host has %v", all)
	}
}

// A parent that was renamed has the same VLAN device, and one that was down has its device up.
func TestVLANOfARenamedParent(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	if _, err := l.make(inVLAN(100, 1)); err != nil {
		t.Fatal(err)
	}
	l.Host.Run("ip", "link", "set", testlan.HostNIC, "down")
	l.Host.Run("ip", "link", "set", testlan.HostNIC, "name", "lan9")
	s := inVLAN(100, 2)
	s.Host, s.Raise = "lan9", true
	other := l.Container()
	made, err := l.host.Make(t.Context(), l.open(other), s)
	if err != nil || !made.Raised || made.On != "lan9" || len(l.devices()) != 1 {
		t.Errorf("made %+v, %v, on %v", made, err, l.devices())
	}
	if dev := l.devices()[100]; dev == nil || dev.Flags&net.FlagUp == 0 || l.link(other, "lan0").Attrs().ParentIndex != dev.Index {
		t.Errorf("the device is %+v", dev)
	}
}

// An administrator's device is used as it is, and stays.
func TestVLANDeviceOfTheHost(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	l.Host.Run("ip", "link", "add", "link", testlan.HostNIC, "name", "vlan7", "mtu", "1300", "type", "vlan", "id", "7")
	s := inVLAN(7, 1)
	if _, err := l.make(s); err == nil || !strings.Contains(err.Error(), "vlan7 is down") {
		t.Errorf("it was not to be brought up: %v", err)
	}
	s.Raise = true
	made, err := l.make(s)
	if err != nil || !made.Raised || made.HostMTU != 1300 {
		t.Fatalf("made %+v, %v", made, err)
	}
	if dev := l.link(l.Host, "vlan7").Attrs(); l.link(l.container, "lan0").Attrs().ParentIndex != dev.Index || dev.MTU != 1300 || dev.Alias != "" {
		t.Errorf("made on another one than %+v", dev)
	}
	l.container.Run("ip", "link", "delete", "lan0")
	l.sweep(0)
	if l.link(l.Host, "vlan7") == nil {
		t.Error("the administrator's device is gone")
	}
	l.Host.Run("ip", "link", "add", "br7", "type", "bridge")
	l.Host.Run("ip", "link", "set", "vlan7", "master", "br7")
	if _, err := l.make(s); err == nil || !strings.Contains(err.Error(), "vlan7 is a port of the bridge br7 and cannot carry a macvlan; use: -o bridge=br7") {
		t.Errorf("made %v", err)
	}
	l.Host.Run("ip", "link", "set", "vlan7", "netns", l.Router.Path)
	if _, err := l.make(s); err == nil || !strings.Contains(err.Error(), "VLAN 7 of nic0: its VLAN device is in another network namespace") {
		t.Errorf("made %v", err)
	}
}

// What an administrator makes of our device keeps it.
func TestVLANDeviceThatTheHostUses(t *testing.T) {
	t.Parallel()
	for name, use := range map[string][2][]string{
		"address": {{"addr", "add", "192.0.2.9/24"}, {"addr", "flush"}},
		"bridge":  {{"link", "set", "master", testlan.HostBridge}, {"link", "set", "nomaster"}},
	} {
		l := newVLANLab(t)
		if _, err := l.make(inVLAN(100, 1)); err != nil {
			t.Fatal(err)
		}
		dev := l.devices()[100].Attrs().Name
		l.container.Run("ip", "link", "delete", "lan0")
		run := func(args []string) {
			l.Host.Run(append([]string{"ip"}, append(args, "dev", dev)...)...)
		}
		run(use[0])
		l.sweep(1)
		run(use[1])
		l.sweep(0)
		if len(l.devices()) != 0 {
			t.Errorf("%s: the device is left", name)
		}
	}
}

// A sweep that was killed has left its macvlan.
func TestSweepAfterAKill(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	if _, err := l.make(inVLAN(100, 1)); err != nil {
		t.Fatal(err)
	}
	dev := l.devices()[100].Attrs().Name
	l.container.Run("ip", "link", "delete", "lan0")
	l.Host.Run("ip", "link", "add", "link", dev, "name", strings.Replace(dev, "ndv", "ndw", 1), "type", "macvlan", "mode", "passthru")
	l.sweep(0)
	if all := l.devices(); len(all) != 0 {
		t.Errorf("the host has %v", all)
	}
}

func TestVLANPassthru(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	s := inVLAN(100, 1)
	s.Mode, s.MAC = "passthru", nil
	made, err := l.make(s)
	if nic := l.link(l.Host, testlan.HostNIC).Attrs().HardwareAddr; err != nil || made.MAC.String() != nic.String() {
		t.Fatalf("made %+v, %v", made, err)
	}
	other := l.Container()
	s.Interface = "lan1"
	if _, err := l.host.Make(t.Context(), l.open(other), s); err == nil || !strings.Contains(err.Error(), "mode=passthru needs nic0/vlan100 for one container alone") {
		t.Errorf("a second one: %v", err)
	}
	l.sweep(1)
	s.Interface = "lan0"
	if err := l.host.Undo(l.open(l.container), s); err != nil || l.link(l.container, "lan0") != nil {
		t.Errorf("the link is left, %v", err)
	}
	l.sweep(0)
}

// A failed start leaves no device.
func TestVLANDeviceIsUndone(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	s := inVLAN(100, 1)
	s.Mode = "wrong"
	if _, err := l.make(s); err == nil || len(l.devices()) != 0 {
		t.Errorf("made %v, and left %v", err, l.devices())
	}
}

// Starts come while the device is made, and while it is removed after the last container.
func TestStartsWhileTheVLANDeviceGoes(t *testing.T) {
	t.Parallel()
	l := newVLANLab(t)
	done := make(chan struct{})
	var starts, sweeps sync.WaitGroup
	sweeps.Go(func() {
		host, err := attach.OpenHost(l.Host.Open())
		if err != nil {
			t.Error(err)
			return
		}
		defer host.Close()
		for {
			select {
			case <-done:
				return
			default:
				if _, err := host.SweepVLANs(); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for i := range 3 {
		container := l.Container()
		ns := l.open(container)
		host, err := attach.OpenHost(l.Host.Open())
		if err != nil {
			t.Fatal(err)
		}
		starts.Go(func() {
			defer host.Close()
			s := inVLAN(100, byte(i))
			s.HostEnd = s.HostEnd[:14] + string('0'+rune(i))
			for range 20 {
				if _, err := host.Make(t.Context(), ns, s); err != nil {
					t.Error(err)
				} else if l.link(container, s.Interface) == nil {
					t.Error("the device went below a container, and took its link along")
				} else if err := attach.Delete(ns, s.Interface, s.MAC); err != nil {
					t.Error(err)
				}
			}
		})
	}
	starts.Wait()
	close(done)
	sweeps.Wait()
	l.sweep(0)
	if all := l.devices(); len(all) != 0 {
		t.Errorf("the host has %v", all)
	}
}
