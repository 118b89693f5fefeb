// SPDX-License-Identifier: Apache-2.0

// Package scale tests many containers: thousands of leases in one leased, hundreds of
// starts at once, and a host that boots with all of them. It tests whether the results are
// right; lab/bench measures how fast they come.
//
//	LAB_LONG=1 go test -v ./lab/scale
//
// uses 5000 leases instead of 1000. A container is represented by a network namespace, or
// by a link in a namespace that it shares with links of other LAN segments, and by a call
// of leased as the network plugin makes it.
package scale
