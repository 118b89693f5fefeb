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
// container.
func TestShimGoesWithItsContainer(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.Dnsmasq("--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,1h", "--dhcp-option=option:dns-server,192.0.2.2")
	lan.Host.Run("ip", "addr", "add", "192.0.2.2/24", "dev", testlan.HostNIC)
	k, dir, container := host(t, lan), t.TempDir(), lan.Container()
	m, log, stop := onDisk(t, k, dir, nil)
	s, netns := ask(t, container, map[string]string{"parent": testlan.HostNIC, "shim": "192.0.2.9", "release": "now"})
	lease, err := m.setUp(s, netns())
	if err != nil {
		t.Fatal(err)
	}
	reach := func() {
		t.Helper()
		testlan.Eventually(t, "the host has its route", func() bool {
			return strings.Contains(lan.Host.Run("ip", "route"), lease.Address.Addr().String()+" dev vethnd")
		})
		lan.Host.Run("ping", "-c1", "-W3", lease.Address.Addr().String())
		container.Run("ping", "-c1", "-W3", "192.0.2.9")
		container.Run("ping", "-c1", "-W3", "192.0.2.2")
	}
	reach()
	if strings.Contains(log.all(), unreached) {
		t.Error("the log says that the container does not reach the host")
	}
	stop()
	lan.Host.Run("ip", "route", "del", lease.Address.Addr().String())
	m, log, _ = onDisk(t, k, dir, nil)
	reach()
	if strings.Contains(log.all(), "shim made") {
		t.Error("the shim was made again")
	}
	var gone *os.File
	if err := m.Teardown(context.Background(), request.Attachment(s.Wanted.Attachment), gone); err != nil {
		t.Fatal(err)
	}
	testlan.Eventually(t, "the shim is gone", func() bool { return !strings.Contains(lan.Host.Run("ip", "link"), "vethnd") })
}
