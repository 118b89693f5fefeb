// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
)

// The first start on a LAN that has come up just now, with the kernel's defaults: multicast
// snooping is on, and the router's own DAD is not over. Its answer has its IPv6, of all kinds.
func TestFirstStartHasIPv6(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	lan.IPv6()
	lan.Dnsmasq(append(t1t2, "--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::1ff,slaac,64,2m")...)
	host := lan.Host.Open()
	defer host.Close()
	m, log, _ := onDisk(t, kernel.Linux{Host: host}, t.TempDir(), nil)
	req := requestFor(lan.Veth(lan.Container(), "eth0"))
	req.Policy.IPv6, req.Policy.IPv6TimeoutMS = "auto", 8000
	req.Client.DUID, req.Client.IAID, req.Client.Secret = "00040102030405060708090a0b0c0d0e0f10", 7, "0102030405060708090a0b0c0d0e0f10"
	l, _, err := m.Acquire(context.Background(), req)
	must(t, err)
	sources := map[string]bool{}
	for _, a := range l.IPv6 {
		sources[a.Source] = true
	}
	if !sources[leaseapi.SourceDHCP] || !sources[leaseapi.SourceSLAAC] {
		t.Errorf("the lease has %+v\n%s", l.IPv6, log.text.String())
	}
}
