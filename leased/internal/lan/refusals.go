// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

const (
	// refusedFor is how long an address that was found in use is not taken again.
	refusedFor = 300 * time.Second
	// maxDeclines bounds the addresses that are declined in that time: one machine
	// that answers every ARP probe must not take a pool away from everybody.
	maxDeclines = 10
	// maxRefused bounds the memory.
	maxRefused = 256
)

// refusals are the addresses that were found in use, each with the end of its refusal.
type refusals map[netip.Addr]clock.Instant

// add notes an address, and reports whether it may be declined.
func (r refusals) add(now clock.Instant, addr netip.Addr) (decline bool) {
	for a, until := range r {
		if now >= until {
			delete(r, a)
		}
	}
	decline = len(r) < maxDeclines
	if len(r) < maxRefused {
		r[addr] = now.Add(refusedFor)
	}
	return decline
}

// has reports whether an address was found in use lately.
func (r refusals) has(now clock.Instant, addr netip.Addr) bool {
	until, ok := r[addr]
	return ok && now < until
}
