// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Age6 returns for how long an interface has its IPv6 link-local address, which it gets when it
// comes up; false if it has none. ns is where the interface is; nil: in the caller's netns.
func Age6(ns *netns.NS, ifname string) (age time.Duration, ok bool) {
	c, err := netns.OrOwn(ns).Rtnetlink()
	if err != nil {
		return 0, false
	}
	defer c.Close()
	link, err := c.LinkByName(ifname)
	if err != nil {
		return 0, false
	}
	all, err := addrs6(ns, link.Index)
	if err != nil {
		return 0, false
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, false
	}
	for _, a := range all {
		if a.scope == unix.RT_SCOPE_LINK {
			const hundredth = 10 * time.Millisecond
			since := uint32(now.Nano()/int64(hundredth)) - a.made // both wrap after 497 days
			return time.Duration(since) * hundredth, true
		}
	}
	return 0, false
}
