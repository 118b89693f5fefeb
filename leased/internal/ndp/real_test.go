// SPDX-License-Identifier: Apache-2.0

package ndp

import (
	"fmt"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// The seeds of FuzzParse that are named after a router came from that router: dnsmasq 2.90
// and radvd 2.19.
func TestAdvertisementsOfRealRouters(t *testing.T) {
	t.Parallel()
	for router, want := range map[string]string{
		"dnsmasq": "{From:fe80::1 Managed:true Other:true Lifetime:1800 Preference:0 " +
			"Prefixes:[{Prefix:2001:db8::/64 Autonomous:false Preferred:3600 Valid:3600}] Excess:false " +
			"DNS:[{Addrs:[2001:db8::53 2001:db8::54] Lifetime:3600}] Search:[{Names:[web.example db.example] Lifetime:3600}]}",
		"radvd": "{From:fe80::1 Managed:false Other:true Lifetime:12 Preference:0 " +
			"Prefixes:[{Prefix:2001:db8::/64 Autonomous:true Preferred:14400 Valid:86400} {Prefix:fd00:db8::/64 Autonomous:true Preferred:300 Valid:600}] Excess:false " +
			"DNS:[{Addrs:[2001:db8::53] Lifetime:600}] Search:[{Names:[web.example db.example] Lifetime:600}]}",
	} {
		a, err := Parse(testlan.Seed(t, "FuzzParse", router), router1)
		if got := fmt.Sprintf("%+v", a); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", router, got, err, want)
		}
	}
}
