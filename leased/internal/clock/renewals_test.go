// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"testing"
	"time"
)

func TestRenewals(t *testing.T) {
	t.Parallel()
	const start = Instant(1000 * time.Second)
	at := func(d time.Duration) Instant { return start + Instant(d) }
	const long = Never
	for name, c := range map[string]struct {
		early    uint8
		before   Instant
		t1, half Instant
		want     Instant
		tell     bool
	}{
		"early":                       {0, 0, at(time.Second), long, at(time.Second), false},
		"the last early one":          {renewBurst - 1, at(-time.Second), at(time.Second), long, at(time.Second), false},
		"one too many":                {renewBurst, at(-time.Second), at(time.Second), long, at(renewFloor), true},
		"one more":                    {renewBurst + 1, at(-time.Second), at(time.Second), long, at(renewFloor), false},
		"late enough":                 {renewBurst + 1, at(-time.Second), at(renewFloor), long, at(renewFloor), false},
		"a short lease":               {renewBurst + 1, at(-time.Second), at(time.Second), at(2 * time.Second), at(2 * time.Second), false},
		"a short lease, at its half":  {renewBurst + 1, at(-time.Second), at(time.Second), at(time.Second), at(time.Second), false},
		"after a minute":              {renewBurst + 1, at(-renewQuiet), at(time.Second), long, at(time.Second), false},
		"after less than a minute":    {renewBurst + 1, at(1 - renewQuiet), at(time.Second), long, at(renewFloor), false},
		"without a lease before":      {renewBurst, 0, at(time.Second), long, at(renewFloor), true},
		"T1 that never comes":         {renewBurst, 0, Never, long, Never, false},
		"T1 of none, an ended lease":  {renewBurst + 1, at(-time.Second), start, start, start, false},
		"T1 in the past of its lease": {0, at(-time.Second), at(-time.Second), long, at(-time.Second), false},
	} {
		r := Renewals{early: c.early}
		if got, tell := r.T1(c.before, start, c.t1, c.half); got != c.want || tell != c.tell {
			t.Errorf("%s: T1 %s after the start, tell %v; want %s, %v", name, got.Sub(start), tell, c.want.Sub(start), c.tell)
		}
	}
}
