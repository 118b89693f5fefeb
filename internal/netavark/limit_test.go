// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"testing"
	"time"

	"podman-net-dhcp/internal/options"
)

// A network of an earlier version may say more than create allows now. No start waits that
// long, since Podman's network lock is held.
func TestNoStartHoldsPodmansLockForLong(t *testing.T) {
	t.Parallel()
	for network, want := range map[string]time.Duration{"10m": options.MaxInPlugin, "31s": options.MaxInPlugin, "30s": 30 * time.Second, "2s": 2 * time.Second} {
		e := Exec{ContainerID: "1", Network: ExecNetwork{Name: "lan", Options: map[string]string{"bridge": "br0", "lease_timeout": network}}}
		e.NetworkOptions.Options = map[string]string{"lease_timeout": "10m"}
		w, err := e.Wanted("/run/netns/x")
		if err != nil || w.Options.LeaseTimeout != want {
			t.Errorf("%s: %s, %v", network, w.Options.LeaseTimeout, err)
		}
	}
}

// A network that is internal has no routes, whatever a container says.
func TestInternalTakesNoRoutes(t *testing.T) {
	t.Parallel()
	for routes, want := range map[string]error{"": nil, "none": nil, "dhcp": ErrInternal} {
		e := Exec{ContainerID: "1", Network: ExecNetwork{Name: "lan", Internal: true, Options: map[string]string{"bridge": "br0"}}}
		if routes != "" {
			e.NetworkOptions.Options = map[string]string{"routes": routes}
		}
		w, err := e.Wanted("/run/netns/x")
		if err != want || err == nil && (!w.Options.NoDefaultRoute || w.Options.Routes == "dhcp") {
			t.Errorf("routes=%s: %+v, %v", routes, w.Options, err)
		}
	}
}

// Nor does the container open it by no_default_route=false.
func TestInternalStaysInternal(t *testing.T) {
	t.Parallel()
	e := Exec{ContainerID: "1", Network: ExecNetwork{Name: "lan", Internal: true, Options: map[string]string{"bridge": "br0"}}}
	e.NetworkOptions.Options = map[string]string{"no_default_route": "false"}
	if w, err := e.Wanted("/run/netns/x"); err != nil || !w.Options.NoDefaultRoute {
		t.Errorf("%+v, %v", w.Options, err)
	}
}
