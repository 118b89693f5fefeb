// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"

	"podman-net-dhcp/internal/netns"
)

// Heed says whether the kernel takes prefixes, routes and default routers from router
// advertisements: without heed it takes none, and those that it has stay until their time is
// over. Nothing else bounds them: the kernel keeps at most 16 addresses (max_addresses), but
// a route for each prefix, and one for each router. With heed, all is as SetAutoconf has set
// it, and the longest route to take is what it was, which may be the user's. Errors are ErrGone
// and the system's own.
func Heed(ns *netns.NS, a Autoconf, heed bool) error {
	return ns.Sysctl(func(dir string) error {
		dir = filepath.Join(dir, "net/ipv6/conf", a.Interface)
		for _, s := range []setting{
			{name: "accept_ra_pinfo", value: onOff(heed)},
			{name: "accept_ra_defrtr", value: onOff(heed && !a.NoDefaultRoute)},
			longest(dir, heed),
		} {
			if _, err := s.put(dir); err != nil {
				return a.failed(err)
			}
		}
		return nil
	})
}

// longest keeps the longest route to take as its complement, which is less than any length, for
// the time in which no route is taken.
func longest(dir string, heed bool) setting {
	s := setting{name: maxRoute, optional: true}
	have, err := os.ReadFile(filepath.Join(dir, s.name))
	n, bad := strconv.Atoi(string(bytes.TrimSpace(have)))
	if err == nil && bad == nil && (n >= 0) != heed {
		n = ^n
	}
	s.value = strconv.Itoa(n)
	return s
}
