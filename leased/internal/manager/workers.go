// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"time"
)

// workers bound the actors that work at a time. Their system calls block, each a thread
// of its own: all changes of links and addresses wait for one lock in the kernel. Go makes
// as many threads as were ever blocked at once, and keeps them; a thousand renewals need
// no more than two cores.
type workers struct {
	actors    chan struct{}
	standIns  chan struct{} // one for each that is being made
	rewriters chan struct{} // one for each resolv.conf that is being rewritten
}

const (
	// maxActors, with the threads that close sockets and Go's own, stays below 16.
	maxActors = 4
	// maxStandIns: a stand-in takes the kernel tens of milliseconds, and a host may give
	// back hundreds of leases at once.
	maxStandIns  = 4
	maxRewriters = 2
)

func newWorkers() workers {
	return workers{make(chan struct{}, maxActors), make(chan struct{}, maxStandIns), make(chan struct{}, maxRewriters)}
}

func (w workers) take() { w.actors <- struct{}{} }
func (w workers) put()  { <-w.actors }

// pause is called by an actor at work, to wait for that long or until ctx ends, whose error
// it then returns.
func (w workers) pause(ctx context.Context, d time.Duration) error {
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
func (w workers) free(wait func()) {
	w.put()
	defer w.take()
	wait()
}
