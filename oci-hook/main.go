// SPDX-License-Identifier: Apache-2.0

// net-dhcp-hook is an OCI hook: containers of any runtime that carry annotations
// io.leased.* take their addresses from the LAN's DHCP server. It is step 1 of
// the way of a lease: the container's state on stdin, the stage as its argument.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
