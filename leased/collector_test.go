// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// told is a collector of a test, with the percentages and returns of memory so far, each
// with its second.
type told struct {
	*collector
	t     *testing.T
	begin time.Time
	all   []string
	live  uint64 // bytes of heap
}

// inCollector runs f when the records' memory was given back, at second 2.
func inCollector(t *testing.T, f func(c *told)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &told{collector: newCollector(), t: t, begin: time.Now()}
		c.percent = func(percent int) { c.say(fmt.Sprint(percent, " %")) }
		c.free = func() uint64 { c.say("free"); return c.live }
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- c.run(ctx) }()
		c.until(3)
		c.want("2.0 free")
		f(c)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (c *told) say(what string) {
	c.all = append(c.all, fmt.Sprintf("%.1f %s", time.Since(c.begin).Seconds(), what))
}

func (c *told) until(second float64) {
	time.Sleep(time.Duration(second*float64(time.Second)) - time.Since(c.begin))
	synctest.Wait()
}

func (c *told) want(want ...string) {
	c.t.Helper()
	if !slices.Equal(c.all, want) {
		c.t.Errorf("got %q, want %q", c.all, want)
	}
	c.all = nil
}

// works works so many times a second, up to a second.
func (c *told) works(rate, until float64) {
	for time.Since(c.begin).Seconds() < until {
		c.worked()
		time.Sleep(time.Duration(float64(time.Second) / rate))
	}
	synctest.Wait()
}

func TestStormOfRenewals(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		c.works(100, 21)
		c.until(1000)
		c.want("23.0 free") // the last one is at 20.99
	})
}

func TestWorkWithoutRest(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		c.works(97, 51) // no work at the very instants of the timer
		c.until(1000)
		c.want("30.3 free", "40.6 free", "51.0 free")
	})
}

func TestMemoryIsNotGivenBackTooOften(t *testing.T) {
	inCollector(t, func(c *told) {
		c.works(100, 4)
		c.until(1000)
		c.want("12.0 free")
	})
}

// A few renewals are not worth a collection.
func TestLittleWork(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		for range muchWork - 1 {
			c.worked()
		}
		c.until(1000)
		c.want()
		c.worked()
		c.until(2000)
		c.want("1002.0 free")
	})
}

func TestOneCallerIsNoCrowd(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		for range muchWork {
			c.peers(1)
			c.peers(-1)
		}
		c.until(1000)
		c.want("22.0 free")
	})
}

func TestCrowd(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		for range muchWork {
			c.peers(1)
		}
		c.until(25)
		c.want("20.0 100 %", "22.0 free") // and callers still wait
		for range muchWork {
			c.peers(-1)
		}
		c.until(1000)
		c.want("32.0 50 %", "32.0 free")
	})
}

// Thousands of leases have a large heap, in which a crowd gets no more garbage than in a
// small one.
func TestCrowdOnALargeHeap(t *testing.T) {
	inCollector(t, func(c *told) {
		c.live = 5 << 20
		c.until(20)
		for range muchWork {
			c.peers(1)
		}
		c.until(23)
		c.live = 20 << 20 // and more leases meanwhile
		for range muchWork {
			c.peers(1)
		}
		c.until(50)
		c.want("20.0 100 %", "22.0 free", "22.0 80 %", "32.0 free", "32.0 30 %")
	})
}

// The percentage comes down after the smallest crowd.
func TestSmallCrowd(t *testing.T) {
	inCollector(t, func(c *told) {
		c.until(20)
		c.peers(1)
		c.peers(1)
		c.peers(-1)
		c.peers(-1)
		c.until(1000)
		c.want("20.0 100 %", "22.0 50 %", "22.0 free")
	})
}

func TestGOGCOfTheEnvironmentStays(t *testing.T) {
	t.Setenv("GOGC", "75")
	if newCollector().percent != nil {
		t.Error("leased sets the percentage all the same")
	}
}
