// SPDX-License-Identifier: Apache-2.0

// Package scale is about many containers: thousands of leases in one leased, hundreds
// of starts at once, and a host that boots with all of them. It is about what is
// right, not about what is fast: lab/bench measures that.
//
//	LAB_LONG=1 go test -v ./lab/scale
//
// has 5000 leases where there are 1000 else. What stands for a container is a network
// namespace, or a link in one that it shares with others of other LAN segments, and a
// call of leased as the network plugin makes it.
package scale
