// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestRoundUp(t *testing.T) {
	t.Parallel()
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct{ at, slack, want time.Duration }{
		{100*s + 1, 4 * s, 104 * s},
		{100 * s, 4 * s, 100 * s},
		{103*s + 999*ms, 4 * s, 104 * s},
		{101 * s, 4*s - 1, 102 * s}, // a grid of 2 s
		{101*s + 1, 3 * s, 102 * s},
		{101*s + 1, s, 102 * s},
		{101*s + 1, s - 1, 101*s + 500*ms},
		{2 * s, 187 * ms, 2 * s},             // T1 = 2 s, T2 = 5 s: a grid of 125 ms
		{2*s + 1*ms, 187 * ms, 2*s + 125*ms}, // the same
		{s + 1, s / 512, s + s/512},
		{s + 1, s/512 - 1, s + 1}, // too fine for a grid
		{s + 1, 0, s + 1},
		{s + 1, -s, s + 1},
		{0, 4 * s, 0},
		{math.MaxInt64, 4 * s, math.MaxInt64},     // never stays never
		{math.MaxInt64 - 1, 4 * s, math.MaxInt64}, // and nothing goes beyond it
		{s, math.MaxInt64, 1 << 33 * s},           // a slack without a bound
	} {
		if got := Instant(c.at).RoundUp(c.slack); got != Instant(c.want) {
			t.Errorf("%s with a slack of %s is rounded to %s, want %s", c.at, c.slack, time.Duration(got), c.want)
		}
	}
}

// An instant is never rounded down, nor beyond its slack, and each point of a grid is one
// of all finer grids.
func TestGridsCoincide(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		at := Instant(random.Int64N(int64(100 * time.Hour)))
		slack := time.Duration(random.Int64N(int64(5 * time.Second)))
		up := at.RoundUp(slack)
		if up < at || up.Sub(at) > slack {
			t.Fatalf("%d with a slack of %s is rounded to %d", at, slack, up)
		}
		if slack < finest {
			continue
		}
		if fine := time.Duration(random.Int64N(int64(slack))); up.RoundUp(fine) != up {
			t.Fatalf("%d, a point with a slack of %s, is none with one of %s", up, slack, fine)
		}
	}
}
