// SPDX-License-Identifier: Apache-2.0

package testlan

import "net/netip"

// Addresses on a LAN with IPv6.
var (
	Subnet6     = netip.MustParsePrefix("2001:db8::/64")
	RouterAddr6 = netip.MustParseAddr("2001:db8::1")
)

// IPv6 makes the router one for IPv6, as far as its own stack goes. It says so by
// Dnsmasq, with --enable-ra and a range of Subnet6:
//
//	2001:db8::,ra-only,64                     SLAAC
//	2001:db8::,ra-stateless,64                SLAAC, the rest by DHCPv6
//	2001:db8::100,2001:db8::1ff,64,2m         DHCPv6
//	2001:db8::100,2001:db8::1ff,slaac,64,2m   both
func (l *LAN) IPv6() {
	l.t.Helper()
	// Without this it tells its neighbours that it is a host, and they drop their route
	// by it.
	l.Router.Sysctl("net/ipv6/conf/all/forwarding", "1")
	l.Router.Run("ip", "address", "add", netip.PrefixFrom(RouterAddr6, Subnet6.Bits()).String(), "dev", RouterLink, "nodad")
}
