// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/netip"
)

// The LAN is lab/lan's with addresses for many at once; of a private block, for dnsmasq
// warns of others with each packet. Leases are long: no renewal may fall into a
// measurement.
var (
	lanPrefix  = netip.MustParsePrefix("10.99.0.0/16")
	lanPrefix6 = netip.MustParsePrefix("2001:db8::/64")
	lanArgs    = []string{"--dhcp-range=10.99.1.0,10.99.250.255,255.255.0.0,12h", "--dhcp-lease-max=60000"}
)

const (
	lanCommand = "/usr/local/lib/lab/lan"
	nic        = "nic0" // a parent for macvlans
	bridge     = "br0"
)

// lanUp makes the LAN, with a server that does not ping.
func lanUp() error {
	return errors.Join(
		command(lanCommand, "up"),
		command("ip", "-4", "-n", "router", "address", "flush", "dev", "lan0", "scope", "global"),
		command("ip", "-n", "router", "address", "add", "10.99.0.1/16", "dev", "lan0"),
		lanServer(),
	)
}

// lanServer restarts the server; it keeps its leases.
func lanServer(args ...string) error {
	return command(lanCommand, append(append([]string{"server"}, lanArgs...), args...)...)
}

// lanForget restarts the server with no leases: its file grows with those that
// peers do not give back, and it writes the whole of it at each change.
func lanForget() error {
	return errors.Join(command(lanCommand, "forget"), lanServer())
}
