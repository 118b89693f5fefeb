// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"fmt"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// The seeds of FuzzParse that are named after a server came from that server, but for the
// IAID, which is the tests': dnsmasq 2.90, Kea 2.2.0, ISC dhcpd 4.4.3.
func TestMessagesOfRealServers(t *testing.T) {
	t.Parallel()
	for server, dns := range map[string]string{
		"dnsmasq": "[2001:db8::53 2001:db8::54]", "kea": "[2001:db8::53]", "isc": "[2001:db8::53]",
	} {
		for _, name := range []string{"advertise", "reply", "information"} {
			r, err := dhcp6.Parse(testlan.Seed(t, "FuzzParse", server+"-"+name), plain)
			if err != nil || r.Status != 0 || len(r.Client) == 0 || len(r.Server) == 0 {
				t.Errorf("%s of %s: %+v, %v", name, server, r, err)
			}
			if fmt.Sprint(r.DNS) != dns || fmt.Sprint(r.Search) != "[web.example db.example]" {
				t.Errorf("%s of %s: DNS servers %v, search %v", name, server, r.DNS, r.Search)
			}
			addrs := 1
			if name == "information" {
				addrs = 0
			}
			if len(r.Addrs) != addrs {
				t.Errorf("%s of %s has the addresses %v", name, server, r.Addrs)
			}
		}
	}
	r, err := dhcp6.Parse(testlan.Seed(t, "FuzzParse", "kea-no-address"), plain)
	if err != nil || r.Type != dhcp6.Advertise || r.IAStatus != dhcp6.NoAddrsAvail || len(r.Addrs) > 0 {
		t.Errorf("without a free address: %+v, %v", r, err)
	}
}
