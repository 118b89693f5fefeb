// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

// A MAC shows that comes in by an uplink, or by a container's port. Those of NICs do not, which
// are most of a LAN.
func TestSightings(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	ns := lan.Host.Open()
	defer ns.Close()
	s, err := WatchSightings(ns)
	if err != nil {
		t.Fatal(err)
	}
	lan.Host.Run("ip", "link", "set", "up0", "alias", "the office's switch")
	speak := func(name, mac string) {
		lan.Router.Run("ip", "link", "add", name, "link", testlan.RouterLink, "address", mac, "type", "macvlan", "mode", "bridge")
		lan.Router.Run("ip", "addr", "add", "198.51.100.1/32", "dev", name)
		lan.Router.Run("ip", "link", "set", name, "up")
		lan.Router.Run("sh", "-c", "ip route add 198.51.100.7/32 dev "+name+"; ping -c1 -W0.1 198.51.100.7 || true")
		lan.Router.Run("ip", "link", "del", name)
	}
	speak("nic", "00:00:5e:00:53:01")
	speak("twin", "02:00:00:00:77:01")
	for found := false; !found; {
		all, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		for _, is := range all {
			if is.MAC[0]&localMAC == 0 {
				t.Errorf("%v is reported", is.MAC)
			}
			if found = is.MAC.String() == "02:00:00:00:77:01"; !found {
				continue
			}
			if port, bridge, uplink, err := s.From(is); err != nil || port != "up0" || bridge != testlan.HostBridge || !uplink {
				t.Errorf("it came in by %s of %s, uplink %v, %v", port, bridge, uplink, err)
			}
			lan.Host.Run("ip", "link", "set", "up0", "alias", "net-dhcp: web/lan/eth0 0123456789ab")
			if _, _, uplink, err := s.From(is); err != nil || uplink {
				t.Errorf("a container's port is an uplink: %v", err)
			}
			if _, _, _, err := s.From(Sighting{Port: 77777, Bridge: is.Bridge}); !errors.Is(err, unix.ENODEV) {
				t.Errorf("a port that is gone: %v", err)
			}
		}
	}
	s.Close()
	if _, err := s.Next(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func FuzzParseSighting(f *testing.F) {
	header := make([]byte, sizeofNdMsg)
	header[0], header[4] = unix.AF_BRIDGE, 3
	f.Add(append(header, 10, 0, 2, 0, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, 9, 0, 2, 0, 0, 0))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		s, ok := parseSighting(rtnetlink.Message{Type: unix.RTM_NEWNEIGH, Body: body})
		if ok && (len(s.MAC) != macLen || s.Bridge <= 0) || !bytes.Equal(body, before) {
			t.Errorf("%+v of %v", s, body)
		}
	})
}
