// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"math"
	"time"
)

// Instant is a point in time on CLOCK_BOOTTIME, which continues in suspend: nanoseconds
// since the host booted.
type Instant time.Duration

// Never is the instant of an event that does not happen, such as the expiry of an
// infinite lease.
const Never = Instant(math.MaxInt64)

// Add returns the instant d later; d must not be negative. It returns Never if t is
// Never or the sum would exceed it.
func (t Instant) Add(d time.Duration) Instant {
	if t > Never-Instant(d) {
		return Never
	}
	return t + Instant(d)
}

// Sub returns the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }
