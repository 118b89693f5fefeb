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
	stop  func()

	mu      sync.Mutex
	callers int
	held    int
	timer   *time.Timer
	news    chan struct{} // held has changed
}

func newIdle(after time.Duration, stop func()) *idle {
	i := &idle{after: after, stop: stop, news: make(chan struct{}, 1)}
	i.change(func() {})
	return i
}

// peers is told that a caller has come (1) or gone (-1).
func (i *idle) peers(by int) { i.change(func() { i.callers += by }) }

// leases is told how many leases there are. Its caller cannot wait.
func (i *idle) leases(n int) {
	i.change(func() { i.held = n })
	select {
	case i.news <- struct{}{}:
	default: // show will see this one, too
	}
}

// show tells systemd the number of leases, for systemctl status, until ctx ends.
func (i *idle) show(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
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
		i.timer = time.AfterFunc(i.after, i.stop)
	}
}
