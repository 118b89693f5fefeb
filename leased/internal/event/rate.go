// SPDX-License-Identifier: Apache-2.0

package event

import (
	"log/slog"
	"time"
)

// An attachment may tell so many events at once, and then one per step. The start of a
// container with IPv6 tells some fifteen, a renewal that changes all of a lease nine. Trouble
// is counted apart, so that changes do not hide it.
const (
	changeBurst = 60
	changeStep  = 5 * time.Second

	troubleBurst = 20
	troubleStep  = 15 * time.Second
)

// rate is how much an attachment has told lately: the time that all its events are worth, at
// one per step. The zero value has told nothing.
type rate struct{ changes, trouble time.Duration }

// take reports whether one more event of that level may be told at now, and counts it then.
func (r *rate) take(now time.Duration, level slog.Level) bool {
	spent, burst, step := &r.changes, time.Duration(changeBurst), changeStep
	if level > slog.LevelInfo {
		spent, burst, step = &r.trouble, troubleBurst, troubleStep
	}
	next := max(*spent, now) + step
	if next > now+burst*step {
		return false
	}
	*spent = next
	return true
}

// full reports whether r is worth no more than the zero value.
func (r *rate) full(now time.Duration) bool { return r.changes <= now && r.trouble <= now }
