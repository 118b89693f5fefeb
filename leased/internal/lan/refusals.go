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

// refusals are the addresses that were found in use.
type refusals map[netip.Addr]refusal

type refusal struct {
	until clock.Instant
	by    user
}

// user is who uses an address that was refused.
type user uint8

const (
	theirs user = iota // another machine
	ours               // another of our containers: once it has ended, the address is free
)

// add notes an address, and reports whether it may be declined.
func (r refusals) add(now clock.Instant, addr netip.Addr, by user) (decline bool) {
	for a, one := range r {
		if now >= one.until {
			delete(r, a)
		}
	}
	decline = len(r) < maxDeclines
	if len(r) < maxRefused {
		r[addr] = refusal{now.Add(refusedFor), by}
	}
	return decline
}

// has reports whether another machine was found to use an address lately.
func (r refusals) has(now clock.Instant, addr netip.Addr) bool {
	one, ok := r[addr]
	return ok && one.by == theirs && now < one.until
}
