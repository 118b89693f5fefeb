// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"path/filepath"

	"podman-net-dhcp/internal/netns"
)

// Heed says whether the kernel takes prefixes, routes and default routers from router
// advertisements: without heed it takes none, and those that it has stay until their time is
// over. Nothing else bounds them: the kernel keeps at most 16 addresses (max_addresses), but
// a route for each prefix, and one for each router. With heed, all is as SetAutoconf has set
// it. Errors are ErrGone and the system's own.
func Heed(ns *netns.NS, a Autoconf, heed bool) error {
	return ns.Sysctl(func(dir string) error {
		dir = filepath.Join(dir, "net/ipv6/conf", a.Interface)
		for _, s := range []setting{
			{name: "accept_ra_pinfo", value: onOff(heed)},
			{name: "accept_ra_defrtr", value: onOff(heed && !a.NoDefaultRoute)},
			a.routes(heed && a.Routes),
		} {
			if _, err := s.put(dir); err != nil {
				return a.failed(err)
			}
		}
		return nil
	})
}
