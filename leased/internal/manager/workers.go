// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"sync"
	"time"
)

// workers bound the actors that work at a time. Their system calls block, each a thread
// of its own: all changes of links and addresses wait for one lock in the kernel. Go makes
// as many threads as were ever blocked at once, and keeps them; a thousand renewals need
// no more than two cores. Go keeps the descriptors of goroutines as well, half a KiB each:
// an actor whose turn has not come has no goroutine.
type workers struct {
	spawn     func(run func())
	actors    chan struct{}
	standIns  chan struct{} // one for each that is being made
	rewriters chan struct{} // one for each resolv.conf that is being rewritten

	mu    sync.Mutex // guards what follows; may be taken under the Manager's
	crew  int        // goroutines that work, or are about to
	queue []runner   // actors that are to run
}

const (
	// maxActors, with the threads that close sockets and Go's own, stays below 16.
	maxActors = 4
	// maxStandIns: a stand-in takes the kernel tens of milliseconds, and a host may give
	// back hundreds of leases at once.
	maxStandIns  = 4
	maxRewriters = 2
)

func newWorkers(spawn func(run func())) *workers {
	return &workers{
		spawn:  spawn,
		actors: make(chan struct{}, maxActors), standIns: make(chan struct{}, maxStandIns), rewriters: make(chan struct{}, maxRewriters),
	}
}

// runner is an actor.
type runner interface{ run() }

// start has the actor run in a goroutine when its turn has come.
func (w *workers) start(x runner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, x)
	w.moreLocked()
}

func (w *workers) moreLocked() {
	for w.crew < maxActors && len(w.queue) > 0 {
		x := w.queue[0]
		if w.queue = w.queue[1:]; len(w.queue) == 0 {
			w.queue = nil
		}
		w.crew++
		w.spawn(func() {
			w.actors <- struct{}{}
			defer w.put()
			x.run()
		})
	}
}

// take is for an actor that has called put, and goes on.
func (w *workers) take() {
	w.mu.Lock()
	w.crew++
	w.mu.Unlock()
	w.actors <- struct{}{}
}

func (w *workers) put() {
	<-w.actors
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crew--
	w.moreLocked()
}

// pause is called by an actor at work, to wait for that long or until ctx ends, whose error
// it then returns.
func (w *workers) pause(ctx context.Context, d time.Duration) error {
	w.put()
	defer w.take()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// free is called by an actor at work, to wait for something other than the kernel.
func (w *workers) free(wait func()) {
	w.put()
	defer w.take()
	wait()
}
