// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// gate is something whose Close waits, as a packet socket's does.
type gate struct {
	open            chan struct{}
	closing, closed *atomic.Int32
}

func (g gate) Close() error {
	g.closing.Add(1)
	<-g.open
	g.closed.Add(1)
	return nil
}

func newGate() gate {
	return gate{open: make(chan struct{}), closing: new(atomic.Int32), closed: new(atomic.Int32)}
}

func TestCloserReturnsWhileTheSocketStillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, g := newCloser(2, 10), newGate()
		for range 5 {
			c.close(g) // would never return if it waited
		}
		synctest.Wait()
		if n := g.closing.Load(); n != 2 {
			t.Errorf("%d are being closed at once, want 2", n)
		}
		flushed := false
		go func() { c.flush(); flushed = true }()
		synctest.Wait()
		if flushed {
			t.Error("flush returned before they were closed")
		}
		close(g.open)
		synctest.Wait()
		if n := g.closed.Load(); n != 5 || !flushed {
			t.Errorf("%d closed, want 5; flushed: %v", n, flushed)
		}
	})
}

// Whoever opens faster than the kernel closes has to wait for it.
func TestCloserIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, g := newCloser(1, 3), newGate()
		returned := 0
		go func() {
			for range 6 {
				c.close(g)
				returned++
			}
		}()
		synctest.Wait()
		if returned > 4 { // three in the queue, one in the worker's hands
			t.Errorf("%d calls returned with a queue of 3", returned)
		}
		if n := g.closing.Load(); n != 2 { // the worker and the caller
			t.Errorf("%d are being closed at once, want 2", n)
		}
		close(g.open)
		c.flush()
		synctest.Wait()
		if n := g.closed.Load(); n != 6 {
			t.Errorf("%d closed, want 6", n)
		}
	})
}

func TestFlushOfNothing(t *testing.T) {
	newCloser(1, 1).flush()
}
