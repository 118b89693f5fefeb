// SPDX-License-Identifier: Apache-2.0

// Package server is step 4 of the way of a lease: the Varlink service on the unix
// socket. It finds out who asks, hands Acquire, Release and List to the manager,
// and takes a peer that hangs up for a wish to undo.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// Bounds on what peers may cost us.
const (
	maxConns = 1024             // a mass start holds one connection a container
	idleTime = 60 * time.Second // between a peer's calls
	sendTime = 10 * time.Second // for a peer to take a reply
)

// Leases is what the server needs of the manager.
type Leases interface {
	// Acquire returns a lease, or nil when the request says to go on without one.
	// Cancelling ctx undoes it, and so does undo, for an answer that nobody took.
	Acquire(ctx context.Context, req leaseapi.AcquireRequest) (l *leaseapi.Lease, undo func(), err error)
	Release(ctx context.Context, a leaseapi.Attachment) error
	ReleaseContainer(ctx context.Context, containerID string) error
	List() []leaseapi.Status
}

// Server serves one listener.
type Server struct {
	Leases Leases
	Log    *slog.Logger
	// Changed, if not nil, is told that a peer has come (1) or gone (-1).
	Changed func(by int)

	conns sync.WaitGroup
	slots chan struct{}
}

// Serve accepts until ctx ends, then closes the listener, hangs up on everybody
// and waits until their calls have come to an end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.slots = make(chan struct{}, maxConns)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer s.conns.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
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
		s.Log.Warn("too many connections", "max", maxConns)
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
