// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"os"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// What is set, and what the kernel does not have, which is no error.
func TestKeepOut(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	l := Linux{Host: lan.Host.Open()}
	for _, err := range []error{l.keepOut(testlan.HostNIC), l.keepOut("missing"), Linux{}.keepOut("missing"), Linux{}.keepOut("lo")} {
		if err != nil {
			t.Error(err)
		}
	}
	if is, err := os.ReadFile("/proc/sys/net/ipv4/conf/lo/arp_ignore"); err != nil || string(is) != "8\n" {
		t.Errorf("in leased's own namespace the sysctl is %q, %v", is, err)
	}
	if is := lan.Host.Run("cat", "/proc/sys/net/ipv6/conf/nic0/disable_ipv6", "/proc/sys/net/ipv4/conf/nic0/arp_ignore"); is != "1\n8" {
		t.Errorf("the sysctls are %q", is)
	}
}
