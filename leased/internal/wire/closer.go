// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"io"
	"runtime"
	"sync"
)

// Closing a packet socket waits for an RCU grace period: 11 ms on a quiet machine (p95
// 22 ms), during which a thread is blocked. A caller that waits for a lease must not
// wait for that. So sockets are closed here, a few at a time. Threads that wait at the
// same time share a grace period: one thread closes 60 sockets a second, four 160, eight
// 700 (2 cores).
const (
	closers  = 8    // threads that may be blocked in close(2) at once
	lasting  = 2    // threads among those that are kept, so that not each socket makes one
	maxQueue = 1024 // descriptors that may wait; beyond that the caller closes by itself
)

var background = newCloser(closers, maxQueue)

// Flush waits until every packet socket that was closed before the call is really
// closed, and no longer pins its network namespace.
func Flush() { background.flush() }

// closer closes things later, in goroutines that exist only while there is work.
type closer struct {
	workers, queued int // limits

	mu      sync.Mutex
	idle    sync.Cond // signalled when running falls to 0
	queue   []io.Closer
	running int
}

func newCloser(workers, queued int) *closer {
	c := &closer{workers: workers, queued: queued}
	c.idle.L = &c.mu
	return c
}

// close returns at once, unless the queue is full. Then descriptors are made faster than
// they can be closed, and the maker has to wait.
func (c *closer) close(f io.Closer) {
	if !c.enqueue(f) {
		f.Close()
	}
}

func (c *closer) enqueue(f io.Closer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= c.queued {
		return false
	}
	c.queue = append(c.queue, f)
	if c.running < c.workers {
		c.running++
		go c.work(c.running > lasting)
	}
	return true
}

// work may end its thread when it returns: Go keeps every other thread that it has made.
func (c *closer) work(brief bool) {
	if brief {
		runtime.LockOSThread()
	}
	for f := c.next(); f != nil; f = c.next() {
		f.Close()
	}
}

// next takes from the queue; nil ends the worker that asked.
func (c *closer) next() io.Closer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.queue = nil // frees a burst's memory
		if c.running--; c.running == 0 {
			c.idle.Broadcast()
		}
		return nil
	}
	f := c.queue[0]
	c.queue = c.queue[1:]
	return f
}

func (c *closer) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.running > 0 {
		c.idle.Wait()
	}
}
