// SPDX-License-Identifier: Apache-2.0

package wanted

import (
	"regexp"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// The container's name is not in the names of its interfaces on the host: a host has rules for
// en*, eth* or wl*.
func TestNamesOnTheHost(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range []string{"envoy", "eth", "wlan0", "br-1", "", "größe"} {
		a := leaseapi.Attachment{ContainerID: "0123456789ab", ContainerName: name, Network: "lan", Interface: "eth0"}
		for _, owner := range []string{"", "/run/" + name} {
			a.Owner, a.ContainerID = owner, a.ContainerID+name+owner
			s := Signs(a)
			if !regexp.MustCompile(`^vethnd[0-9a-f]{9}$`).MatchString(s.HostEnd) || seen[s.HostEnd] {
				t.Errorf("%q has the host end %s", name, s.HostEnd)
			}
			seen[s.HostEnd] = true
		}
	}
	s := Signs(leaseapi.Attachment{ContainerID: "c1", ContainerName: "my-web.server", Network: "lan", Interface: "eth0"})
	if s.FormerEnd != "mywebs-89d2359d" {
		t.Errorf("an earlier version called it %s", s.FormerEnd)
	}
}
