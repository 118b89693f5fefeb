// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// waiting has Acquire wait for its caller to go.
func waiting() (l *leases, called, cancelled chan struct{}) {
	called, cancelled = make(chan struct{}, 10), make(chan struct{}, 10)
	return &leases{acquire: func(ctx context.Context, _ leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
		called <- struct{}{}
		<-ctx.Done()
		cancelled <- struct{}{}
		return nil, ctx.Err()
	}}, called, cancelled
}

func soon(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("not within 10 s: " + what)
	}
}

func TestHangingUpCancelsAcquire(t *testing.T) {
	t.Parallel()
	l, called, cancelled := waiting()
	peer := start(t, l, limits{}).dial()
	peer.acquire(asked())
	soon(t, "Acquire", called)
	peer.Close()
	soon(t, "cancel", cancelled)
}

func TestStoppingCancelsAcquire(t *testing.T) {
	t.Parallel()
	l, called, cancelled := waiting()
	r := start(t, l, limits{})
	peer := r.dial()
	peer.acquire(asked())
	soon(t, "Acquire", called)
	r.end()
	soon(t, "cancel", cancelled)
	peer.wantEnd()
	if c, err := net.Dial("unix", r.path); err == nil {
		c.Close()
		t.Error("somebody listens still")
	}
}

// A client that dies behind us must not hold up one that waits.
func TestIdleTimeDoesNotCountDuringACall(t *testing.T) {
	t.Parallel()
	l := &leases{acquire: func(ctx context.Context, _ leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond): // four times the idle time
			return nil, nil
		}
	}}
	lim := usual
	lim.idle = 50 * time.Millisecond
	peer := start(t, l, lim).dial()
	peer.acquire(asked())
	peer.want(`{"parameters":{}}`)
	peer.wantEnd() // and now it does
}

// The answer was ready and nobody took it: undo.
func TestNobodyTakesTheAnswer(t *testing.T) {
	t.Parallel()
	peers := make(chan *client, 1)
	l := &leases{}
	l.acquire = func(ctx context.Context, _ leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
		(<-peers).Close()
		<-ctx.Done()
		return &leaseapi.Lease{}, nil
	}
	peer := start(t, l, limits{}).dial()
	peer.acquire(asked())
	peers <- peer
	soon(t, "undo", l.undone)
}

func TestSomebodyTakesTheAnswer(t *testing.T) {
	t.Parallel()
	l := &leases{acquire: goOn}
	r := start(t, l, limits{})
	peer := r.dial()
	peer.acquire(asked())
	peer.want(`{"parameters":{}}`)
	peer.Close()
	r.end()
	if len(l.undone) != 0 {
		t.Error("undone")
	}
}
