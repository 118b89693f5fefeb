// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"os"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/request"
)

// Host and container reach each other by the shim, over a restart of leased, and it goes with the
// container, and with it its lease.
func TestShimGoesWithItsContainer(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"192.0.2.9", "dhcp"} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			h := &shimmed{T: t, lan: testlan.New(t)}
			server := h.lan.Dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,1h", "--dhcp-option=option:dns-server,192.0.2.2")
			h.lan.Host.Run("ip", "addr", "add", "192.0.2.2/24", "dev", testlan.HostNIC)
			k, dir := host(t, h.lan), t.TempDir()
			h.container = h.lan.Container()
			m, log, stop := onDisk(t, k, dir, nil)
			s, netns := ask(t, h.container, map[string]string{"parent": testlan.HostNIC, "shim": option, "release": "now"})
			lease, err := m.setUp(s, netns())
			if err != nil {
				t.Fatal(err)
			}
			h.addr = lease.Address.Addr().String()
			own := h.reach()
			if strings.Contains(log.all(), unreached) {
				t.Error("the log says that the container does not reach the host")
			}
			if option != "dhcp" && own != option {
				t.Errorf("the shim has %s", own)
			}
			stop()
			h.lan.Host.Run("ip", "route", "del", h.addr)
			m, log, _ = onDisk(t, k, dir, nil)
			if again := h.reach(); again != own {
				t.Errorf("the shim had %s, and has %s", own, again)
			}
			if strings.Contains(log.all(), "shim made") {
				t.Error("the shim was made again")
			}
			var gone *os.File
			if err := m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), gone); err != nil {
				t.Fatal(err)
			}
			testlan.Eventually(t, "the shim is gone", func() bool { return h.shim() == "" && len(listed(m)) == 0 })
			if option == "dhcp" {
				server.WaitLog(t, "DHCPRELEASE "+own)
			}
		})
	}
}

// shimmed is a host with a container.
type shimmed struct {
	*testing.T
	lan       *testlan.LAN
	container *testlan.NS
	addr      string // the container's
}

// reach waits until host and container reach each other, and returns the shim's address.
func (h *shimmed) reach() (own string) {
	h.Helper()
	testlan.Eventually(h, "the host has its route", func() bool {
		_, after, ok := strings.Cut(h.lan.Host.Run("ip", "route"), h.addr+" dev "+h.shim()+" proto dhcp scope link src ")
		if ok {
			own = strings.Fields(after)[0]
		}
		return ok
	})
	h.lan.Host.Run("ping", "-c1", "-W3", h.addr)
	h.container.Run("ping", "-c1", "-W3", own)
	h.container.Run("ping", "-c1", "-W3", "192.0.2.2")
	return own
}

// shim is the name of the host's shim; empty: there is none.
func (h *shimmed) shim() string {
	for line := range strings.Lines(h.lan.Host.Run("ip", "-br", "link", "show", "type", "macvlan")) {
		if name, _, is := strings.Cut(strings.Fields(line)[0], "@"); is {
			return name
		}
	}
	return ""
}
