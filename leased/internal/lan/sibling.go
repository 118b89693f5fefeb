// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"maps"
	"net/netip"
	"slices"
)

// HasSibling reports whether another attachment of the same container has the IPv4 address, on
// this LAN or another one.
func (m *Member) HasSibling(addr netip.Addr) bool {
	all := m.lan.all
	all.mu.Lock()
	lans := slices.Collect(maps.Values(all.byHost))
	all.mu.Unlock()
	return slices.ContainsFunc(lans, func(l *lan) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		other := l.addrs[addr]
		return other != nil && other != m && other.cookie == m.cookie
	})
}
