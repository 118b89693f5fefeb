// SPDX-License-Identifier: Apache-2.0

// Package server is step 3 of the way of a lease: the Varlink service on the unix
// socket. It finds out who calls, and passes Acquire, Release and List to the manager.
// If a caller hangs up, the server undoes its call.
package server

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/policy"
	"podman-net-dhcp/leased/internal/request"
)

// limits bound the resources that peers may use.
type limits struct {
	conns int           // a mass start holds one connection a container
	idle  time.Duration // between a peer's calls
	send  time.Duration // for a peer to take a reply
}

var usual = limits{conns: 1024, idle: 60 * time.Second, send: 10 * time.Second}

// Leases is the part of the manager that the server needs.
type Leases interface {
	// Acquire returns a lease, or nil if the request says to go on without one.
	// Cancelling ctx undoes the call. undo does the same, for an answer that could not
	// be delivered.
	Acquire(ctx context.Context, req request.Request) (l *leaseapi.Lease, undo func(), err error)
	// Setup makes the link, too. It takes over netns. tell gets the answer, and reports
	// whether the caller has it; Setup returns after that.
	Setup(ctx context.Context, s request.Setup, netns *os.File, tell func(mac net.HardwareAddr, l *leaseapi.Lease, err error) bool) (undo func(), err error)
	// Teardown is Release, and deletes the link in netns, which it takes over; nil: there
	// is none.
	Teardown(ctx context.Context, a request.Attachment, netns *os.File) error
	Release(ctx context.Context, a request.Attachment) error
	ReleaseContainer(ctx context.Context, containerID, owner string) error
	// NoteResolvConf says which resolv.conf the caller has written for a container.
	NoteResolvConf(n request.Note)
	List() iter.Seq[leaseapi.Status]
}

// Judge decides by root's policy. It returns where the line is that allows a request, or why
// no line does, for the user.
type Judge interface {
	Judge(r policy.Request) (line string, err error)
}

// Server serves one listener.
type Server struct {
	Leases Leases
	Judge  Judge // nil: whoever a policy binds is refused
	Log    *slog.Logger
	// Changed, if not nil, is called with 1 when a peer connects and with -1 when it
	// leaves.
	Changed func(by int)

	limits limits // the usual ones unless a test has others
	conns  sync.WaitGroup
	slots  chan struct{}
}

// Serve accepts until ctx ends. Then it closes the listener, hangs up on all peers and
// waits until their calls have ended.
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

// retry waits after a temporary error, such as EMFILE.
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
