// SPDX-License-Identifier: Apache-2.0

package lan

// clients counts the living members of a LAN.
type clients struct {
	living int
	peak   int            // the most that lived at a time
	byName map[string]int // living members that are the same DHCP client; no zeros
	bySix  map[six]int    // living members that are the same client to IPv6; no zeros, and not the zero key
}

// six is an Identity's Six.
type six = [16]byte

func (c *clients) add(m *Member) {
	c.byName[m.client]++
	if m.six != (six{}) {
		c.bySix[m.six]++
	}
	c.living++
	c.peak = max(c.peak, c.living)
}

func (c *clients) remove(m *Member) {
	drop(c.byName, m.client)
	if m.six != (six{}) {
		drop(c.bySix, m.six)
	}
	c.living--
}

func drop[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

// minHeld is how many leases may be held in any case.
const minHeld = 8

// maxHeld bounds the held leases by the peak, so that all of a host's containers can be
// restarted at once. Containers that come and go under ever new names cannot drain the
// pool then.
func (c *clients) maxHeld() int { return max(minHeld, c.peak) }
