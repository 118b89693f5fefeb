// SPDX-License-Identifier: Apache-2.0

// The full net-dhcp has everything that a network plugin for netavark needs. Podman starts the program
// netavark-plugin, which does the usual setup and teardown, and becomes this one for everything else.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
