// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// Error is an error that leased answered.
type Error struct {
	Name    string // such as ErrorNoLease
	Message string // for the user
}

func (e *Error) Error() string { return e.Message }

// ErrHungUp says that leased ended during a call: it was killed, or is restarting.
// leased, or the next leased, undoes what it had begun.
var ErrHungUp = errors.New("leased closed the connection; see: journalctl -u leased")

// ErrAbsent says that leased's socket is missing, or no program listens on it.
var ErrAbsent = errors.New("leased does not listen")

// Conn is a connection to leased, for one call at a time.
type Conn struct {
	// Meanwhile, if not nil, is called while leased works.
	Meanwhile func()

	conn net.Conn
	*Framer
}

// Dial connects to leased. If leased is not there, the error says what to do.
func Dial(ctx context.Context) (*Conn, error) {
	path := Socket()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w on %s; try: systemctl enable --now leased.socket", ErrAbsent, path)
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("connect to leased: %w", err)
	}
	return &Conn{conn: conn, Framer: NewFramer(conn)}, nil
}

// Close hangs up. During Acquire this means: undo.
func (c *Conn) Close() error { return c.conn.Close() }

// Acquire gets a lease for an attachment. Cancelling ctx undoes the call.
func (c *Conn) Acquire(ctx context.Context, req AcquireRequest) (*Lease, error) {
	var reply AcquireReply
	err := c.call(ctx, Call{Method: MethodAcquire}, req, func(p json.RawMessage) error {
		return json.Unmarshal(p, &reply)
	})
	return reply.Lease, err
}

// Rehearse makes encoding/json inspect the types of Acquire's answer. The first time
// this takes a tenth of a millisecond, which a short-lived caller can spend while it
// waits.
func Rehearse() {
	_ = json.Unmarshal([]byte(`{"parameters":{}}`), new(Reply))
	_ = json.Unmarshal([]byte(`{"lease":{}}`), new(AcquireReply))
}

// Release ends an attachment's lease.
func (c *Conn) Release(ctx context.Context, a Attachment) error {
	return c.call(ctx, Call{Method: MethodRelease}, ReleaseRequest{a}, func(json.RawMessage) error { return nil })
}

// ReleaseContainer ends all leases of a container.
func (c *Conn) ReleaseContainer(ctx context.Context, containerID string) error {
	return c.call(ctx, Call{Method: MethodReleaseContainer}, ReleaseContainerRequest{containerID}, func(json.RawMessage) error { return nil })
}

// List calls each for every attachment that leased knows.
func (c *Conn) List(ctx context.Context, each func(Status) error) error {
	return c.call(ctx, Call{Method: MethodList, More: true}, struct{}{}, func(p json.RawMessage) error {
		var reply ListReply
		if err := json.Unmarshal(p, &reply); err != nil || reply.Status == nil {
			return err
		}
		return each(*reply.Status)
	})
}

func (c *Conn) call(ctx context.Context, call Call, params any, each func(json.RawMessage) error) error {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	err := c.exchange(call, params, each)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrHungUp
	}
	return err
}

func (c *Conn) exchange(call Call, params any, each func(json.RawMessage) error) (err error) {
	if call.Parameters, err = json.Marshal(params); err != nil {
		return err
	}
	if err := c.Write(call); err != nil {
		return err
	}
	if c.Meanwhile != nil {
		c.Meanwhile()
	}
	for more := true; more; {
		var reply Reply
		if err := c.Read(&reply); err != nil {
			return err
		}
		if reply.Error != "" {
			return answered(reply)
		}
		if err := each(reply.Parameters); err != nil {
			return err
		}
		more = reply.Continues
	}
	return nil
}

func answered(r Reply) error {
	var p struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(r.Parameters, &p) != nil || p.Message == "" {
		p.Message = "leased answers " + r.Error + " " + string(r.Parameters)
	}
	return &Error{Name: r.Error, Message: p.Message}
}
