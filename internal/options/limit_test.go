// SPDX-License-Identifier: Apache-2.0

package options

import (
	"slices"
	"testing"
	"time"
)

// A container may shorten or narrow what its network says, and no more.
func TestAContainerOnlyShortens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key, network, container, want string // an empty network's value is the default
	}{
		{"lease_timeout", "", "40s", "10s"},
		{"lease_timeout", "20s", "40s", "20s"},
		{"lease_timeout", "20s", "20s", ""},
		{"lease_timeout", "20s", "3s", ""},
		{"lease_timeout", "10m", "9m0s", ""}, // whether so much is allowed is the network's matter
		{"ipv6_timeout", "", "30s", "2s"},
		{"ipv6_timeout", "5s", "0s", ""},
		{"ipv6_timeout", "0s", "1s", "0s"},
		{"on_timeout", "continue", "fail", "continue"},
		{"on_timeout", "", "continue", ""},
		{"on_timeout", "continue", "continue", ""},
		{"conflict_check", "", "rfc5227", "quick"},
		{"conflict_check", "off", "rfc5227", "off"},
		{"conflict_check", "rfc5227", "rfc5227", ""},
		{"conflict_check", "rfc5227", "off", ""},
		{"conflict_check", "off", "quick", ""}, // which costs a start no time
		{"server", "", "192.0.2.1/32", ""},
		{"server", "192.0.2.0/24", "192.0.2.1/32 192.0.2.2/32", ""},
		{"server", "192.0.2.0/24", "192.0.2.1/32 198.51.100.1/32", "192.0.2.0/24"},
		{"server", "192.0.2.1", "192.0.2.0/24", "192.0.2.1/32"},
		{"server", "192.0.2.1", "all", "192.0.2.1/32"},
		{"server", "", "all", ""},
		{"router", "192.0.2.1", "192.0.2.2/32", "192.0.2.1/32"},
	} {
		network := map[string]string{"bridge": "br0"}
		if tt.network != "" {
			network[tt.key] = tt.network
		}
		o, err := Per(network, map[string]string{tt.key: tt.container})
		is := map[string]string{
			"lease_timeout": o.LeaseTimeout.String(), "ipv6_timeout": o.IPv6Timeout.String(),
			"on_timeout": o.OnTimeout, "conflict_check": o.ConflictCheck, "server": words(o.Servers), "router": words(o.Routers),
		}[tt.key]
		want, limited := tt.want, []Limited{{tt.key + "=" + tt.container, tt.want}}
		if tt.want == "" {
			want, limited = tt.container, nil
		}
		if err != nil || is != want || !slices.Equal(o.Limited, limited) {
			t.Errorf("%s, network %q, container %q: %s, limited %v, %v", tt.key, tt.network, tt.container, is, o.Limited, err)
		}
	}
}

// The hook's options are one layer, and so is a network's own.
func TestOneLayerIsNotLimited(t *testing.T) {
	t.Parallel()
	o, err := Parse(map[string]string{"lease_timeout": "10m", "conflict_check": "rfc5227"})
	if err != nil || o.LeaseTimeout != 10*time.Minute || o.ConflictCheck != "rfc5227" || o.Limited != nil {
		t.Errorf("%+v, %v", o, err)
	}
}
