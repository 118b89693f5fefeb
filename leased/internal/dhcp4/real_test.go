// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"fmt"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// The seeds of FuzzParse that are named after a server came from that server: dnsmasq 2.90,
// Kea 2.2.0, ISC dhcpd 4.4.3, busybox 1.35.
func TestMessagesOfRealServers(t *testing.T) {
	t.Parallel()
	const (
		both   = "[{198.51.100.0/24 192.0.2.2} {0.0.0.0/0 192.0.2.1}]"
		twoDNS = "[192.0.2.53 192.0.2.54]"
	)
	for server, want := range map[string]struct{ dns, domain, search, routes string }{
		"dnsmasq": {twoDNS, "home.example", "[web.example db.example]", both},
		"kea":     {"[192.0.2.53]", "home.example", "[web.example db.example]", both},
		"isc":     {twoDNS, "home.example", "[web.example db.example]", both},
		"busybox": {twoDNS, "home.example", "[web.example]", both},
	} {
		for name, kind := range map[string]dhcp4.Type{"offer": dhcp4.Offer, "ack": dhcp4.Ack, "nak": dhcp4.Nak} {
			r, err := dhcp4.Parse(testlan.Seed(t, "FuzzParse", server+"-"+name))
			if err != nil || r.Type != kind || r.Server != testlan.RouterAddr || r.MAC.String() != "02:00:00:00:00:09" {
				t.Errorf("%s of %s: %+v, %v", name, server, r, err)
			}
			if kind == dhcp4.Nak {
				continue
			}
			if r.LeaseTime != 3600 || r.Mask != 24 || r.MTU != 1400 || !r.Your.Is4() {
				t.Errorf("%s of %s: lease time %d, mask %d, MTU %d, address %v", name, server, r.LeaseTime, r.Mask, r.MTU, r.Your)
			}
			got := struct{ dns, domain, search, routes string }{fmt.Sprint(r.DNS), r.Domain, fmt.Sprint(r.Search), fmt.Sprint(r.Routes)}
			if got != want {
				t.Errorf("%s of %s has %+v, want %+v", name, server, got, want)
			}
		}
	}
}
