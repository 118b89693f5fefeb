// SPDX-License-Identifier: Apache-2.0

package wanted

import (
	"testing"

	"podman-net-dhcp/internal/options"
)

// A lease is held only where the same client can come back for it.
func TestPolicyOfRelease(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options map[string]string
		want    string
	}{
		"default":                   {map[string]string{}, "20s"},
		"given":                     {map[string]string{"release": "5m"}, "5m"},
		"now":                       {map[string]string{"release": "now"}, "now"},
		"random MAC":                {map[string]string{"mac": "random"}, "now"},
		"random MAC, no id":         {map[string]string{"mac": "random", "client_id": "none"}, "now"},
		"random MAC, never, id":     {map[string]string{"mac": "random", "client_id": "web", "release": "never"}, "never"},
		"random MAC, id of its own": {map[string]string{"mac": "random", "client_id": "duid"}, "20s"},
		"MAC given":                 {map[string]string{"mac": "02:00:00:00:00:01"}, "20s"},
		"passthru":                  {map[string]string{"parent": "eth0", "mode": "passthru"}, "now"},
		"bridge with a mode":        {map[string]string{"bridge": "br0", "mode": "passthru"}, "20s"},
	} {
		o, err := options.Parse(c.options)
		if err != nil {
			t.Fatal(err)
		}
		if got := policyOfRelease(o); got != c.want {
			t.Errorf("%s: release is %q, want %q", name, got, c.want)
		}
	}
}
