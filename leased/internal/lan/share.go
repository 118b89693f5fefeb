// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// words are what a LAN's leases say beside their addresses and times. Mostly all leases of
// a LAN say the same, and then share the memory of the first one that said it.
type words struct {
	routes []dhcp4.Route
	dns    []netip.Addr
	domain string
	search []string
	bound  []binding.Route
}

// Share replaces what a lease says by what the LAN's lease before it said, if that is the
// same. The lists must not be changed after Share.
func (m *Member) Share(routes *[]dhcp4.Route, dns *[]netip.Addr, domain *string, search *[]string) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	w := &m.lan.words
	share(&w.routes, routes)
	share(&w.dns, dns)
	share(&w.search, search)
	if w.domain == *domain {
		*domain = w.domain // the same bytes elsewhere
	}
	w.domain = *domain
}

// ShareBound is Share for the routes in the kernel.
func (m *Member) ShareBound(routes *[]binding.Route) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	share(&m.lan.words.bound, routes)
}

// share leaves an empty list alone: it takes no memory, and nil is not the same to JSON.
func share[T comparable](last, list *[]T) {
	if len(*list) == 0 {
		return
	}
	if !slices.Equal(*last, *list) {
		*last = slices.Clip(slices.Clone(*list))
	}
	*list = *last
}
