// SPDX-License-Identifier: Apache-2.0

// Package peers gives the same bytes to leased and to four other DHCPv4 clients: BusyBox's udhcpc,
// ISC's dhclient, dhcpcd and systemd-networkd, as Debian packages them. Each reply of a table is a
// LAN's answer to one link of each client. If three of the four bind an address, leased has to bind
// the same address, or the table has to say why leased does not, and leased's error has to name the
// reason. Of the router, the DNS servers and the names the same is true, without an error.
//
//	go test -v ./lab/peers
//
// prints what each client made of each reply. Each client has one process for all replies (udhcpc
// has one for each), in a namespace of links of its own, and files of its own: the host's network,
// /etc, /run and /var/lib stay as they are. Renewals and DHCPv6 are tested elsewhere.
package peers
