// SPDX-License-Identifier: Apache-2.0

package clock

import "time"

const (
	// renewFloor is the least time from a lease's start to its T1, once the server has
	// used up renewBurst. A lease of less than twice that time keeps its half.
	renewFloor = 10 * time.Second
	// renewBurst is how often T1 may be earlier.
	renewBurst = 20
	// renewQuiet is the time between two leases' starts after which the server has
	// renewBurst again.
	renewQuiet = 60 * time.Second
)

// Renewals bounds how often a server can have one client renew: some times as soon as the
// server likes, and then once in 10 s. The zero value belongs to a client without a lease.
type Renewals struct{ early uint8 }

// T1 is when a lease is renewed that begins at start and is half over at half, and whose
// server says t1. before is the start of the client's lease before; 0: there is none. tell
// says, once in a row of such leases, that T1 is not the server's.
func (r *Renewals) T1(before, start, t1, half Instant) (at Instant, tell bool) {
	if before != 0 && start.Sub(before) >= renewQuiet {
		r.early = 0
	}
	least := min(start.Add(renewFloor), half)
	switch {
	case t1 >= least:
		return t1, false
	case r.early < renewBurst:
		r.early++
		return t1, false
	}
	tell, r.early = r.early == renewBurst, renewBurst+1
	return least, tell
}
