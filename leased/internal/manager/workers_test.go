// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Only the actors that work have goroutines, and those that wait for something: these make
// room for others.
func TestGoroutinesOfActors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var started, ran atomic.Int32
		w := newWorkers(&sync.WaitGroup{})
		hold, wait := make(chan struct{}), make(chan struct{})
		for range 100 {
			w.start(runs(func() { started.Add(1); <-hold; w.free(func() { <-wait }); ran.Add(1) }), turn{})
		}
		want := func(goroutines, ends int) {
			t.Helper()
			synctest.Wait()
			if int(started.Load()) != goroutines || int(ran.Load()) != ends {
				t.Errorf("%d goroutines, %d have ended, want %d and %d", started.Load(), ran.Load(), goroutines, ends)
			}
		}
		want(maxActors, 0)
		hold <- struct{}{} // one goes on, and waits
		want(maxActors+1, 0)
		close(wait)
		close(hold)
		want(100, 100)
	})
}

// Links are made two at a time, and messages go past those that wait.
func TestLinksWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var links, messages atomic.Int32
		w := newWorkers(&sync.WaitGroup{})
		hold := make(chan struct{})
		for range 20 {
			w.start(runs(func() { links.Add(1); <-hold }), turn{link: true})
		}
		for range 20 {
			w.start(runs(func() { messages.Add(1) }), turn{})
		}
		synctest.Wait()
		if links.Load() != maxLinks || messages.Load() != 20 {
			t.Errorf("%d links are being made, and %d messages were heard", links.Load(), messages.Load())
		}
		close(hold)
		synctest.Wait()
		if links.Load() != 20 || w.crew != 0 || w.making != 0 {
			t.Errorf("%d links were made; %d work still, %d at links", links.Load(), w.crew, w.making)
		}
	})
}

// A link whose MAC is not free yet keeps no other from being made.
func TestPauseOfALink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var links atomic.Int32
		w := newWorkers(&sync.WaitGroup{})
		for range maxLinks {
			w.start(runs(func() { _ = w.pause(t.Context(), time.Hour) }), turn{link: true})
		}
		w.start(runs(func() { links.Add(1) }), turn{link: true})
		synctest.Wait()
		if links.Load() != 1 {
			t.Error("a link waits for one that pauses")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if w.crew != 0 || w.making != 0 {
			t.Errorf("%d work still, %d at links", w.crew, w.making)
		}
	})
}

// runs is a runner.
type runs func()

func (r runs) run(func()) { r() }
