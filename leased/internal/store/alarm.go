// SPDX-License-Identifier: Apache-2.0

package store

import "time"

// alarm is a timer that rings at the earliest of the times it was set to. The zero value is
// not set.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero: not set
}

// set has the alarm ring after d, if it does not ring sooner; 0: never.
func (a *alarm) set(d time.Duration) {
	at := time.Now().Add(d)
	if d == 0 || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.stop()
	a.timer, a.at = time.NewTimer(d), at
}

func (a *alarm) c() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

func (a *alarm) rang() { a.at = time.Time{} }

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
