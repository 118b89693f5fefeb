// SPDX-License-Identifier: Apache-2.0

package report

// Names of ways that a target is about. What else takes part is named freely.
const (
	Floor       = "floor, macvlan" // link, two round trips, address: no daemon, no exec
	FloorBridge = "floor, bridge"
	Exec        = "exec of an empty Go program"
	Macvlan     = "net-dhcp, macvlan"
	Bridge      = "net-dhcp, bridge"

	// netavark setup with its own driver, and with our plugin.
	Netavark1Own  = "netavark 1.14 macvlan + dhcp"
	Netavark1Ours = "netavark 1.14 + net-dhcp"
	Netavark2Own  = "netavark 2.0 macvlan + dhcp"
	Netavark2Ours = "netavark 2.0 + net-dhcp"
)

// Names of ways with IPv6, and of the one without that they are compared with.
const (
	IPv6Off   = "macvlan, ipv6=off"
	IPv6First = "macvlan, ipv6=auto, no router, first"
	IPv6Next  = "macvlan, ipv6=auto, no router, next"
	IPv6SLAAC = "macvlan, ipv6=auto, router with SLAAC"
	IPv6DHCP  = "macvlan, ipv6=auto, DHCPv6"
)

// Names of daemons.
const (
	Leased    = "leased"
	Netavark1 = "netavark 1.14"
	Netavark2 = "netavark 2.0"
	CNI       = "CNI dhcp"
)

// Names of servers.
const (
	Dnsmasq = "dnsmasq"
	Kea     = "Kea"
)
