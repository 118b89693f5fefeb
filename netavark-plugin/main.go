// SPDX-License-Identifier: Apache-2.0

// net-dhcp is a network plugin for netavark: containers on a network of driver
// net-dhcp take their addresses from the LAN's DHCP server. It is steps 1 and 11
// of the way of a lease: one JSON document in, one out; leased does the rest.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
