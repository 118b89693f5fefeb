// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/leased/internal/request"
)

// slow is a manager that answers after a while.
type slow struct {
	after time.Duration
	err   error
}

func (m slow) Release(ctx context.Context, _ request.Attachment) error {
	select {
	case <-time.After(m.after):
		return m.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watched is how often systemd hears of leased within ten minutes of a WatchdogSec= of
// three, and the longest silence.
func watched(t *testing.T, m releaser, l *attended) (pings int, silence time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	last := time.Now()
	note := func() { silence = max(silence, time.Since(last)); last = time.Now() }
	lives := func(ctx context.Context) bool { return alive(ctx, m, l) }
	_ = watchdog{every: 90 * time.Second, lives: lives, ping: func() { pings++; note() }}.run(ctx)
	note()
	return pings, silence
}

// waiting is a listener with somebody in Accept.
func waiting() *attended {
	a := attend(nil)
	a.inside.Store(true)
	return a
}

func TestWatchdog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m     slow
		l     *attended
		pings int
		kept  bool // systemd does not end it
	}{
		"at rest":                {slow{}, waiting(), 7, true},
		"busy":                   {slow{after: 80 * time.Second}, waiting(), 6, true},
		"refuses":                {slow{err: errors.New("no")}, waiting(), 0, false},
		"nobody accepts callers": {slow{}, attend(nil), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pings, silence := watched(t, c.m, c.l)
				if pings != c.pings || silence < 3*time.Minute != c.kept {
					t.Errorf("%d pings, the longest silence %v; want %d", pings, silence, c.pings)
				}
			})
		})
	}
}

// stuck is a manager with its lock taken, until the test ends.
type stuck struct{ *sync.Mutex }

func (m stuck) Release(context.Context, request.Attachment) error {
	m.Lock()
	defer m.Unlock()
	return nil
}

// A manager that is stuck gets no ping, and does not keep the watchdog from its end. It
// waits for a lock, which synctest takes for being at work: real time.
func TestWatchdogOfAStuckManager(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	m, pings := stuck{&sync.Mutex{}}, 0
	m.Lock()
	defer m.Unlock()
	lives := func(ctx context.Context) bool { return alive(ctx, m, waiting()) }
	_ = watchdog{every: 10 * time.Millisecond, lives: lives, ping: func() { pings++ }}.run(ctx)
	if pings != 0 {
		t.Errorf("%d pings", pings)
	}
}

// Whoever takes callers one after the other is there even between two of them; who has
// taken one and does not come back is not.
func TestAttended(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	a := attend(oneCaller{ours})
	for i, want := range []bool{false, true, false} {
		if got := a.accepts(); got != want {
			t.Errorf("look %d: %v, want %v", i, got, want)
		}
		if i == 0 {
			_, _ = a.Accept()
		}
	}
}

type oneCaller struct{ net.Conn }

func (o oneCaller) Accept() (net.Conn, error) { return o.Conn, nil }
func (oneCaller) Addr() net.Addr              { return nil }

func TestServePingsTheWatchdog(t *testing.T) {
	d := newDaemon(t)
	t.Setenv("WATCHDOG_USEC", "100000")
	stop, _ := d.serve(d.config())
	d.note("READY=1")
	d.note("WATCHDOG=1")
	d.note("WATCHDOG=1")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// sd_watchdog_enabled(3) recommends half of what systemd waits for.
func TestWatchdogInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "180000000": 90 * time.Second} {
		t.Setenv("WATCHDOG_USEC", text)
		if w, err := newWatchdog(nil, nil); err != nil || w.every != want {
			t.Errorf("%q: %v, %v; want %v", text, w.every, err, want)
		}
	}
}

func TestServeRefusesAnOddWatchdog(t *testing.T) {
	d := newDaemon(t)
	t.Setenv("WATCHDOG_USEC", "soon")
	if _, ended := d.serve(d.config()); d.end(ended) == nil {
		t.Error("it serves")
	}
}
