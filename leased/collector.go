// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// How much garbage Go's collector lets pile up, in percent of the live heap. A crowd of
// starts leaves 90 kB of garbage each: fewer collections let 8 at once start 13 % faster.
// 200 would be 17 %, and leave 1 MB more at rest after 1000 starts: leases lie among the
// garbage of their time. At rest the heap is some MB, which are collected in no time, and
// its garbage would be a host's memory for good. With thousands of leases 100 would be
// twice their memory: what a crowd leaves is bounded, to what Go lets a small heap have.
const (
	percentAtRest  = 50
	percentInCrowd = 100 // at most
	leastInCrowd   = 30
	crowdsGarbage  = 4 << 20 // bytes
	crowd          = 2       // callers at once
)

// percentFor is the percentage in a crowd, with that many bytes of live heap.
func percentFor(live uint64) int {
	return int(min(max(crowdsGarbage*100/max(live, 1), leastInCrowd), percentInCrowd))
}

// When memory is given back to the kernel.
const (
	restAfter = 2 * time.Second  // after the last work
	freeEvery = 10 * time.Second // at most that often, and that late where work goes on
	muchWork  = 32               // pieces of it, of which a start is some eight; less is not worth it
)

// collector is how Go's garbage collector is told of the load. Memory that a crowd of
// starts or a storm of renewals took is given back some seconds later. GOGC from the
// environment stays as it is, and so does GOMEMLIMIT, which Go obeys whatever GOGC says.
type collector struct {
	percent func(percent int) // debug.SetGCPercent; nil: GOGC says it
	current int
	free    func() uint64 // debug.FreeOSMemory; returns the bytes of the live heap
	crowded chan struct{} // there are so many callers
	timer   *time.Timer   // runs while there is something to give back

	mu      sync.Mutex // guards all following fields
	callers int
	work    int       // pieces of it since memory was given back
	begun   time.Time // when there was much work; zero: there was not
	last    time.Time // when there was work last
	freed   time.Time // when memory was given back last
}

func newCollector() *collector {
	c := &collector{free: freeMemory, crowded: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	c.timer.Stop()
	if os.Getenv("GOGC") == "" {
		c.percent = func(percent int) { debug.SetGCPercent(percent) }
	}
	c.set(percentAtRest)
	return c
}

// freeMemory gives back the memory that no object is in, and counts that of the others.
func freeMemory() (live uint64) {
	debug.FreeOSMemory()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// set sets the percentage, if it is another one: that stops all of Go for a moment.
func (c *collector) set(percent int) {
	if c.percent != nil && c.current != percent {
		c.current = percent
		c.percent(percent)
	}
}

// peers is told that a caller has come (1) or gone (-1).
func (c *collector) peers(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pieces := 1
	if c.callers += by; c.callers >= crowd {
		wake(c.crowded)
		pieces = muchWork // so that the percentage comes down
	}
	c.noteLocked(pieces)
}

// worked is told that an attachment has worked.
func (c *collector) worked() { c.note(1) }

func (c *collector) note(pieces int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteLocked(pieces)
}

// noteLocked starts the timer when there has been much work. More work does not touch the
// timer: a renewal must not cost a wake-up more.
func (c *collector) noteLocked(pieces int) {
	c.work, c.last = c.work+pieces, time.Now()
	if c.begun.IsZero() && c.work >= muchWork {
		c.begun = c.last
		c.timer.Reset(time.Until(c.dueLocked()))
	}
}

// dueLocked is when memory is given back if there is no more work.
func (c *collector) dueLocked() time.Time {
	due := c.last.Add(restAfter)
	if latest := c.begun.Add(freeEvery); latest.Before(due) {
		due = latest
	}
	if earliest := c.freed.Add(freeEvery); !c.freed.IsZero() && due.Before(earliest) {
		due = earliest
	}
	return due
}

// run tells the collector until ctx ends.
func (c *collector) run(ctx context.Context) error {
	defer c.timer.Stop()
	c.note(muchWork) // reading the records was
	inCrowd, live := false, uint64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.crowded:
			if !inCrowd {
				inCrowd = true
				c.set(percentFor(live))
			}
		case <-c.timer.C:
			rests, still := c.rests()
			if !rests {
				continue
			}
			if inCrowd && !still {
				inCrowd = false
				c.set(percentAtRest)
			}
			if live = c.free(); inCrowd {
				c.set(percentFor(live))
			}
		}
	}
}

// rests reports whether memory is to be given back now, and whether there still is a
// crowd. If work has put it off, rests sets the timer again.
func (c *collector) rests() (now, crowded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := time.Until(c.dueLocked()); wait > 0 {
		c.timer.Reset(wait)
		return false, false
	}
	c.work, c.begun, c.freed = 0, time.Time{}, time.Now()
	return true, c.callers >= crowd
}
