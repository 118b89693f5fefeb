// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Only the actors that work have goroutines, and those that wait for something: these make
// room for others.
func TestGoroutinesOfActors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var spawned, ran atomic.Int32
		w := newWorkers(func(run func()) { spawned.Add(1); go run() })
		hold, wait := make(chan struct{}), make(chan struct{})
		for range 100 {
			w.start(runs(func() { <-hold; w.free(func() { <-wait }); ran.Add(1) }))
		}
		want := func(goroutines, ends int) {
			t.Helper()
			synctest.Wait()
			if int(spawned.Load()) != goroutines || int(ran.Load()) != ends {
				t.Errorf("%d goroutines, %d have ended, want %d and %d", spawned.Load(), ran.Load(), goroutines, ends)
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

// runs is a runner.
type runs func()

func (r runs) run() { r() }
