// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func newClock(t *testing.T) *Boottime {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func wake(t *testing.T, c *Boottime, at time.Duration) {
	t.Helper()
	if err := c.Wake(at); err != nil {
		t.Fatal(err)
	}
}

// tick waits for a tick and returns when it came.
func tick(t *testing.T, c *Boottime) time.Duration {
	t.Helper()
	select {
	case <-c.C():
		return c.Now()
	case <-time.After(10 * time.Second):
		t.Fatal("no tick within 10 s")
		return 0
	}
}

func noTick(t *testing.T, c *Boottime) {
	t.Helper()
	select {
	case <-c.C():
		t.Error("a tick")
	default:
	}
}

func TestNowIsTheTimeSinceBoot(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	seconds, _ := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	if now := newClock(t).Now().Seconds(); math.Abs(now-seconds) > 5 {
		t.Errorf("now is %v, /proc/uptime says %v", now, seconds)
	}
}

func TestTickComesOnceAndNotEarly(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	at := c.Now() + 20*time.Millisecond
	wake(t, c, at)
	if got := tick(t, c); got < at {
		t.Errorf("%v early", at-got)
	}
	wake(t, c, c.Now()+time.Hour)
	noTick(t, c)
}

func TestPastTimesTickAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	for _, at := range []time.Duration{c.Now() - time.Second, 1, 0, -1, math.MinInt64} {
		wake(t, c, at)
		tick(t, c)
	}
}

// The last Wake counts, be it earlier or later than the one before.
func TestWakeAgain(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	wake(t, c, c.Now()+time.Hour)
	wake(t, c, c.Now()+time.Millisecond)
	tick(t, c)
	soon := c.Now() + 30*time.Millisecond
	wake(t, c, soon)
	later := c.Now() + 60*time.Millisecond
	wake(t, c, later)
	if got := tick(t, c); got < later {
		t.Errorf("tick %v early", later-got)
	}
	noTick(t, c)
}

func TestNeverIsFarAway(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	wake(t, c, math.MaxInt64)
	wake(t, c, math.MaxInt64-1)
	noTick(t, c)
	wake(t, c, c.Now())
	tick(t, c)
}

// Ticks that nobody takes are one, and hold up nothing.
func TestTicksThatNobodyTakes(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	for range 100 {
		wake(t, c, 1)
	}
	tick(t, c)
	wake(t, c, c.Now()+time.Millisecond)
	tick(t, c)
}

func TestClose(t *testing.T) {
	t.Parallel()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-c.ended:
	default:
		t.Error("the goroutine lives")
	}
	if err := c.Wake(1); err == nil {
		t.Error("Wake works")
	}
}
