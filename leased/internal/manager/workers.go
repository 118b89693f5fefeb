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
	group     *sync.WaitGroup // of all that work
	actors    chan struct{}
	standIns  chan struct{} // one for each that is being made
	rewriters chan struct{} // one for each resolv.conf that is being rewritten

	mu     sync.Mutex // guards what follows; may be taken under the Manager's
	crew   int        // goroutines that work, or are about to
	making int        // those of them that make a link
	queue  []runner   // actors that are to run
	makers []runner   // actors that are to make a link
	lasts  []runner   // actors that run one at a time, when nobody else works
}

const (
	// maxActors, with the threads that close sockets and Go's own, stays below 16.
	maxActors = 4
	// maxLinks: the kernel makes one link at a time, and messages from servers must not wait
	// behind links that wait for each other.
	maxLinks = 2
	// maxStandIns: a stand-in takes the kernel tens of milliseconds, and a host may give
	// back hundreds of leases at once.
	maxStandIns  = 4
	maxRewriters = 2
)

func newWorkers(group *sync.WaitGroup) *workers {
	return &workers{
		group:  group,
		actors: make(chan struct{}, maxActors), standIns: make(chan struct{}, maxStandIns), rewriters: make(chan struct{}, maxRewriters),
	}
}

// runner is an actor. It calls first after the first message, which makes the link if one is to
// be made; nil: it need not.
type runner interface{ run(first func()) }

// turn is how an actor wants to run.
type turn struct {
	link bool // to make a link
	last bool // when nobody else works
	// here: if the turn has come already, the caller does the work, without locks. For another
	// goroutine the runtime would wake a thread.
	here bool
}

// start has the actor run in a goroutine when its turn has come, or returns the work for the
// caller.
func (w *workers) start(x runner, t turn) (work func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case t.last:
		w.lasts = append(w.lasts, x)
	case t.link:
		w.makers = append(w.makers, x)
	default:
		w.queue = append(w.queue, x)
	}
	work = w.nextLocked() // of x: whoever came before and may work does so already
	if work != nil && !t.here {
		go work()
		return nil
	}
	return work
}

func (w *workers) moreLocked() {
	for work := w.nextLocked(); work != nil; work = w.nextLocked() {
		go work()
	}
}

// nextLocked is the work of the next actor whose turn has come, or nil.
func (w *workers) nextLocked() (work func()) {
	switch {
	case w.crew >= maxActors:
		return nil
	case len(w.queue) > 0:
		return w.hireLocked(pop(&w.queue))
	case len(w.makers) > 0 && w.making < maxLinks:
		w.making++
		return w.hireLocked(linkMaker{w, pop(&w.makers)})
	case len(w.lasts) > 0 && w.crew == 0:
		return w.hireLocked(pop(&w.lasts))
	default:
		return nil
	}
}

func pop(queue *[]runner) runner {
	x := (*queue)[0]
	if *queue = (*queue)[1:]; len(*queue) == 0 {
		*queue = nil
	}
	return x
}

func (w *workers) hireLocked(x runner) (work func()) {
	w.crew++
	w.group.Add(1)
	return func() {
		defer w.group.Done()
		w.actors <- struct{}{}
		defer w.put()
		x.run(nil)
	}
}

// linkMaker is an actor that makes a link.
type linkMaker struct {
	w *workers
	x runner
}

func (m linkMaker) run(func()) {
	made := sync.OnceFunc(func() { m.w.made(-1) })
	defer made()
	m.x.run(made)
}

// made is told that an actor makes a link (1), or no longer (-1).
func (w *workers) made(by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.making += by
	w.moreLocked()
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

// pause is called by an actor that makes a link, to wait for that long or until ctx ends,
// whose error it then returns.
func (w *workers) pause(ctx context.Context, d time.Duration) error {
	w.made(-1)
	defer w.made(1)
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
