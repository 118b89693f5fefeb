// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/lab/testlan"
)

// A NIC or bridge without an address of the host is down after a boot.
func TestWhatIsDownIsBroughtUp(t *testing.T) {
	t.Parallel()
	for _, host := range []string{testlan.HostNIC, "br7"} {
		l := newLab(t)
		l.Host.Run("ip", "link", "add", "br7", "type", "bridge")
		l.Host.Run("ip", "link", "set", host, "down")
		s := spec(host)
		if _, err := l.make(s); err == nil || !strings.Contains(err.Error(), host+" is down") || l.link(l.Host, host).Attrs().Flags&net.FlagUp != 0 {
			t.Errorf("%s was not to be brought up: %v", host, err)
		}
		s.Raise = true
		made, err := l.make(s)
		if err != nil || !made.Raised || l.link(l.Host, host).Attrs().Flags&net.FlagUp == 0 {
			t.Errorf("%s: made %+v, %v", host, made, err)
		}
		s.Interface, s.MAC, s.HostEnd = "lan1", net.HardwareAddr{2, 1, 2, 3, 4, 6}, "vethnd000000001"
		if made, err := l.make(s); err != nil || made.Raised {
			t.Errorf("%s, up already: made %+v, %v", host, made, err)
		}
	}
}

func TestCarrierIsKnown(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostNIC)
	made, err := l.make(s)
	if err != nil || made.NoCarrier {
		t.Errorf("with a carrier: %+v, %v", made, err)
	}
	l.Host.Run("ip", "link", "add", "dark", "type", "veth", "peer", "name", "wall")
	l.Host.Run("ip", "link", "set", "dark", "up")
	s = spec("dark")
	s.Interface = "lan1"
	if made, err = l.make(s); err != nil || !made.NoCarrier {
		t.Errorf("without a carrier: %+v, %v", made, err)
	}
	if why := l.host.Doubt("dark", 0); why != "dark has no carrier; is its cable plugged in?" {
		t.Errorf("the doubt is %q", why)
	}
	for _, host := range []string{testlan.HostNIC, testlan.HostBridge, "none"} {
		if why := l.host.Doubt(host, 0); why != "" {
			t.Errorf("%s is doubted: %s", host, why)
		}
	}
}

// Make waits for spanning tree where that takes no longer than the lease may take.
func TestSpanningTreeIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patience  time.Duration
		impatient bool
		blocked   time.Duration
		state     string
	}{
		"waits":                {4 * time.Second, false, 0, "state forwarding"},
		"waits with continue":  {4 * time.Second, true, 0, "state forwarding"},
		"continues at once":    {3 * time.Second, true, 4 * time.Second, "state listening"},
		"has no time: refused": {3 * time.Second, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Host.Run("ip", "link", "add", "stp0", "type", "bridge", "stp_state", "1", "forward_delay", "200")
			l.Host.Run("ip", "link", "set", "stp0", "up")
			s := spec("stp0")
			s.Patience, s.Impatient = c.patience, c.impatient
			made, err := l.make(s)
			if c.state == "" {
				if err == nil || !strings.Contains(err.Error(), "holds a new port back for 4s, longer than lease_timeout=3s") {
					t.Errorf("made %+v, %v", made, err)
				}
				return
			}
			if err != nil || made.Blocked != c.blocked {
				t.Fatalf("made %+v, %v", made, err)
			}
			if got := l.Host.Run("bridge", "-d", "link", "show", "dev", s.HostEnd); !strings.Contains(got, c.state) {
				t.Errorf("the port is %s", got)
			}
		})
	}
}

// The kernel of the tests may know no VLANs: the messages are those of `bridge vlan del vid 1`
// and `bridge vlan add vid 5 pvid untagged`.
func TestVLANOfAPort(t *testing.T) {
	t.Parallel()
	const family, index = "\x07", "\x09\x00\x00\x00"
	for _, c := range []struct {
		pvid, vlan uint16
		want       []string
	}{
		{1, 5, []string{"\x00\x00\x01\x00", "\x06\x00\x05\x00"}},
		{0, 5, []string{"\x06\x00\x05\x00"}},
		{4094, 4094, []string{"\x06\x00\xfe\x0f"}},
	} {
		kinds, headers, infos := attach.VLANs(9, c.pvid, c.vlan)
		for i, info := range infos {
			if info != "\x08\x00\x02\x00"+c.want[i] || !strings.HasPrefix(headers[i], family) || headers[i][4:8] != index {
				t.Errorf("pvid %d, vlan %d: message %d is %q %q", c.pvid, c.vlan, i, headers[i], info)
			}
		}
		last := len(kinds) - 1
		if len(kinds) != len(c.want) || kinds[last] != unix.RTM_SETLINK || last == 1 && kinds[0] != unix.RTM_DELLINK {
			t.Errorf("pvid %d, vlan %d: kinds %v", c.pvid, c.vlan, kinds)
		}
	}
}

func TestVLANWantsABridgeThatFilters(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := spec(testlan.HostBridge)
	s.VLAN = 5
	if _, err := l.make(s); err == nil || !strings.Contains(err.Error(), "the bridge br0 does not filter VLANs, so vlan=5 would change nothing") ||
		l.link(l.Host, s.HostEnd) != nil {
		t.Errorf("made a port: %v", err)
	}
}

// The kernel of the tests may know no VLANs.
func TestVLANOnABridge(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if !l.host.MakeFilter("vlan0") {
		t.Skip("this kernel does not filter VLANs on a bridge")
	}
	s := spec("vlan0")
	s.VLAN, s.Raise = 5, true
	if _, err := l.make(s); err != nil {
		t.Fatal(err)
	}
	if got := l.Host.Run("bridge", "vlan", "show", "dev", s.HostEnd); !strings.Contains(got, "5 PVID Egress Untagged") || strings.Contains(got, " 1 ") {
		t.Errorf("the port is in %s", got)
	}
}
