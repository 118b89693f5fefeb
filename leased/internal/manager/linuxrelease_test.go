// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// A router that has got another MAC since the ACK hears the RELEASE.
func TestReleaseReachesTheNewRouter(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	server := lan.Dnsmasq("--no-ping", "--dhcp-range=192.0.2.100,192.0.2.199,2m")
	link := lan.Veth(lan.Container(), "eth0")
	m, _ := onLinux(t)
	req := requestFor(link)
	l, _, err := m.Acquire(context.Background(), req)
	must(t, err)
	lan.Router.Run("ip", "link", "set", testlan.RouterLink, "address", "02:00:5e:00:53:99")
	must(t, m.Release(context.Background(), req.Attachment))
	server.WaitLog(t, "DHCPRELEASE "+l.Address.Addr().String()+" "+link.MAC.String())
}
