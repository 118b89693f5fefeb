// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/kernel"
)

// The first start on a LAN that has come up just now, with the kernel's defaults: multicast
// snooping is on, and the router's own DAD is not over. Its answer has its IPv6, of all kinds.
func TestFirstStartHasIPv6(t *testing.T) {
	for range 5 {
		sources, age := firstStart6(t)
		switch {
		case sources[leaseapi.SourceDHCP] && sources[leaseapi.SourceSLAAC]:
			return
		case age < time.Second:
			t.Fatalf("the lease has IPv6 of %v", sources)
		}
	}
	t.Error("this machine is too slow to have a LAN that has come up just now")
}

// firstStart6 makes a LAN, and says what IPv6 its first start got, and how old the LAN was then.
func firstStart6(t *testing.T) (sources map[string]bool, age time.Duration) {
	t.Helper()
	begun := time.Now()
	lan := testlan.New(t)
	lan.IPv6()
	lan.Dnsmasq(append(t1t2, "--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::1ff,slaac,64,2m")...)
	host := lan.Host.Open()
	t.Cleanup(func() { host.Close() })
	m, _, _ := onDisk(t, kernel.Linux{Host: host}, t.TempDir(), nil)
	req := requestFor(lan.Veth(lan.Container(), "eth0"))
	req.Policy.IPv6, req.Policy.IPv6TimeoutMS = "auto", 8000
	req.Client.DUID, req.Client.IAID, req.Client.Secret = "00040102030405060708090a0b0c0d0e0f10", 7, "0102030405060708090a0b0c0d0e0f10"
	age = time.Since(begun)
	l, _, err := m.Acquire(context.Background(), req)
	must(t, err)
	sources = map[string]bool{}
	for _, a := range l.IPv6 {
		sources[a.Source] = true
	}
	return sources, age
}
