// SPDX-License-Identifier: Apache-2.0

// Package server is step 4 of the way of a lease: the Varlink service on the unix
// socket. It finds out who asks, hands Acquire, Release and List to the manager,
// and takes a peer that hangs up for a wish to undo.
package server

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"sync"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// limits are bounds on what peers may cost us.
type limits struct {
	conns int           // a mass start holds one connection a container
	idle  time.Duration // between a peer's calls
	send  time.Duration // for a peer to take a reply
}

var usual = limits{conns: 1024, idle: 60 * time.Second, send: 10 * time.Second}

// Leases is what the server needs of the manager.
type Leases interface {
	// Acquire returns a lease, or nil when the request says to go on without one.
	// Cancelling ctx undoes it, and so does undo, for an answer that nobody took.
	Acquire(ctx context.Context, req leaseapi.AcquireRequest) (l *leaseapi.Lease, undo func(), err error)
	Release(ctx context.Context, a leaseapi.Attachment) error
	ReleaseContainer(ctx context.Context, containerID string) error
	List() iter.Seq[leaseapi.Status]
}

// Server serves one listener.
type Server struct {
	Leases Leases
	Log    *slog.Logger
	// Changed, if not nil, is told that a peer has come (1) or gone (-1).
	Changed func(by int)

	limits limits // the usual ones unless a test has others
	conns  sync.WaitGroup
	slots  chan struct{}
}

// Serve accepts until ctx ends, then closes the listener, hangs up on everybody
// and waits until their calls have come to an end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if s.limits == (limits{}) {
		s.limits = usual
	}
	s.slots = make(chan struct{}, s.limits.conns)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer s.conns.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			if !s.retry(ctx, err) {
				return err
			}
			continue
		}
		s.admit(ctx, conn)
	}
}

// retry waits after an error that passes, such as EMFILE.
func (s *Server) retry(ctx context.Context, err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	s.Log.Error("accept a connection", "err", err)
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
	return true
}

func (s *Server) admit(ctx context.Context, conn net.Conn) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.Log.Warn("too many connections", "max", s.limits.conns)
		conn.Close()
		return
	}
	s.count(1)
	s.conns.Go(func() {
		defer func() { <-s.slots; s.count(-1) }()
		defer conn.Close()
		s.serve(ctx, conn)
	})
}

func (s *Server) count(by int) {
	if s.Changed != nil {
		s.Changed(by)
	}
}
