// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"podman-net-dhcp/leased/internal/request"
)

// watchdog tells systemd that leased lives, twice in each WatchdogSec=, for as long as
// that is so.
type watchdog struct {
	every time.Duration // 0: systemd does not ask
	lives func(ctx context.Context) bool
	ping  func()
}

// newWatchdog asks the environment how often, see sd_watchdog_enabled(3).
func newWatchdog(lives func(context.Context) bool, ping func()) (watchdog, error) {
	within, err := daemon.SdWatchdogEnabled(false)
	return watchdog{every: within / 2, lives: lives, ping: ping}, err
}

// run ends with ctx, and does not wait for what is stuck. Who is only slow has the
// rest of WatchdogSec= to answer.
func (w watchdog) run(ctx context.Context) error {
	if w.every == 0 {
		return nil
	}
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		answer := make(chan bool, 1)
		go func() { answer <- w.lives(ctx) }()
		select {
		case <-ctx.Done():
			return nil
		case ok := <-answer:
			if ok && ctx.Err() == nil {
				w.ping()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// releaser is what can be asked to forget an attachment.
type releaser interface {
	Release(ctx context.Context, a request.Attachment) error
}

// alive asks the manager to forget an attachment that nobody has: that goes through its
// lock, an actor and the queue of actors, and changes nothing. It waits as long as the
// manager is busy.
func alive(ctx context.Context, m releaser, l *attended) bool {
	return m.Release(ctx, request.Attachment{}) == nil && l.accepts()
}

// attended is a listener that knows whether the server accepts callers.
type attended struct {
	net.Listener
	ready  chan struct{} // closed when the server accepts for the first time
	first  sync.Once
	inside atomic.Bool
	turns  atomic.Uint64
	seen   uint64 // turns, when accepts was called last
}

func attend(l net.Listener) *attended { return &attended{Listener: l, ready: make(chan struct{})} }

// Accept is that of net.Listener.
func (a *attended) Accept() (net.Conn, error) {
	a.inside.Store(true)
	defer a.inside.Store(false)
	a.first.Do(func() { close(a.ready) })
	conn, err := a.Listener.Accept()
	if err == nil {
		a.turns.Add(1)
	}
	return conn, err
}

// accepts reports whether the server waits for a caller, or has taken one since the
// last call of accepts.
func (a *attended) accepts() bool {
	inside, turns := a.inside.Load(), a.turns.Load()
	defer func() { a.seen = turns }()
	return inside || turns != a.seen
}
