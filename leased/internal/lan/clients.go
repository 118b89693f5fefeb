// SPDX-License-Identifier: Apache-2.0

package lan

// clients counts the living members of a LAN.
type clients struct {
	living int
	peak   int            // the most that lived at a time
	byName map[string]int // living members that are the same DHCP client; no zeros
}

func (c *clients) add(name string) {
	c.byName[name]++
	c.living++
	c.peak = max(c.peak, c.living)
}

func (c *clients) remove(name string) {
	if c.byName[name]--; c.byName[name] == 0 {
		delete(c.byName, name)
	}
	c.living--
}

// minHeld is how many leases may be held in any case.
const minHeld = 8

// maxHeld bounds the held leases by the peak, so that all of a host's containers can be
// restarted at once. Containers that come and go under ever new names cannot drain the
// pool then.
func (c *clients) maxHeld() int { return max(minHeld, c.peak) }
