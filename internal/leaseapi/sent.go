// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Sent is a call that was sent already, by pipe.Send, and whose reply is still to be read.
type Sent struct {
	Since time.Time // of the call
	conn  *Conn
}

// Resume takes over the connection of a call. The caller ends it with Setup, Teardown or Close.
func Resume(fd int, since time.Time) *Sent {
	unix.CloseOnExec(fd)
	_ = unix.SetNonblock(fd, true) // else Close does not end a Read
	conn := os.NewFile(uintptr(fd), Socket())
	return &Sent{Since: since, conn: &Conn{conn: conn, Framer: NewFramer(conn)}}
}

// Setup waits for the reply to a call of Setup. Cancelling ctx undoes the call.
func (s *Sent) Setup(ctx context.Context) (SetupReply, error) {
	defer s.Close()
	var reply SetupReply
	err := s.conn.call(ctx, request{sent: true}, into(&reply))
	return reply, err
}

// Teardown waits for the reply to a call of Teardown.
func (s *Sent) Teardown(ctx context.Context) error {
	defer s.Close()
	return s.conn.call(ctx, request{sent: true}, nothing)
}

// Close hangs up. Before the reply to Setup this means: undo.
func (s *Sent) Close() { _ = s.conn.Close() }
