// SPDX-License-Identifier: Apache-2.0

package clock

import "time"

// finest is the step of the finest grid: the smallest power of two of a second that is a
// whole number of nanoseconds.
const finest = time.Second / 512

// RoundUp returns the first instant from t on that is a point of the grid, at most slack
// later. The step of the grid is the largest power of two of a second that is at most
// slack: 4 s, 2 s, 1 s, 500 ms … So a coarse grid has only points of the finer ones, and
// instants with different slacks coincide. A slack below 1/512 s changes nothing.
func (t Instant) RoundUp(slack time.Duration) Instant {
	if slack < finest {
		return t
	}
	step := finest
	for step <= slack/2 {
		step *= 2
	}
	last := t.Add(step - 1)
	if last == Never {
		return Never
	}
	return last - last%Instant(step)
}
