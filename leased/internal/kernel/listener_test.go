// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// A LAN that has just been made has come up just now; that ends. A host without IPv6 cannot tell.
func TestJustUp(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	l := Linux{Host: lan.Host.Open()}
	defer l.Host.Close()
	began := time.Now()
	testlan.Eventually(t, "the bridge has come up", func() bool { return l.JustUp(testlan.HostBridge) })
	if l.JustUp("missing") {
		t.Error("an interface that is not there has come up")
	}
	testlan.Eventually(t, "that is over", func() bool { return !l.JustUp(testlan.HostBridge) })
	if d := time.Since(began); d < comesUp-2*time.Second {
		t.Errorf("over after %s", d)
	}
	lan.Host.Sysctl("net/ipv6/conf/"+testlan.HostNIC+"/disable_ipv6", "1")
	if l.JustUp(testlan.HostNIC) {
		t.Error("a NIC without IPv6 has come up")
	}
}
