// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// errIdle is the end of a leased that nobody needed. It is not an error.
var errIdle = errors.New("idle")

// exitIdle is its exit code. leased.service starts leased again whatever it ended of,
// but for this and for systemctl stop: after a SIGTERM by somebody else leases are to be
// renewed.
const exitIdle = 3

// idle ends leased when it has had neither leases nor callers for a while, and
// shows systemd the number of leases. systemd's socket starts it again.
type idle struct {
	after time.Duration // 0: never

	mu      sync.Mutex
	callers int
	held    int
	timer   *time.Timer
	news    chan struct{} // held has changed
	over    chan struct{} // leased has been idle for long enough
}

func newIdle(after time.Duration) *idle {
	i := &idle{after: after, news: make(chan struct{}, 1), over: make(chan struct{}, 1)}
	i.change(func() {})
	return i
}

// peers is told that a caller has come (1) or gone (-1).
func (i *idle) peers(by int) { i.change(func() { i.callers += by }) }

// leases is told how many leases there are. It never waits.
func (i *idle) leases(n int) {
	i.change(func() { i.held = n })
	wake(i.news)
}

// wake wakes the receiver of c, once for several calls where it is at work.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run tells systemd the number of leases, for systemctl status. It ends with ctx, or
// with errIdle.
func (i *idle) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-i.over:
			return errIdle
		case <-i.news:
			i.mu.Lock()
			n := i.held
			i.mu.Unlock()
			_, _ = daemon.SdNotify(false, fmt.Sprintf("STATUS=%d leases", n))
		}
	}
}

func (i *idle) change(do func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	do()
	if i.timer != nil {
		i.timer.Stop()
	}
	if i.after > 0 && i.callers == 0 && i.held == 0 {
		i.timer = time.AfterFunc(i.after, func() { wake(i.over) })
	}
}
