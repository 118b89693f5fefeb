// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Error is an error that leased answered.
type Error struct {
	Name      string // such as ErrorNoLease
	Message   string // for the user
	Parameter string // that is wrong; of ErrorInvalidParameter
}

func (e *Error) Error() string { return e.Message }

// IsOld says that leased does not know the method that was called: it is of before Setup and
// Teardown.
func IsOld(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Name == ErrorMethodNotFound
}

// IsBeforeOwners says that leased does not know the parameter owner.
func IsBeforeOwners(err error) bool { return Lacks(err, "owner") }

// Lacks says that leased does not know a parameter: it is of before that parameter.
func Lacks(err error, parameter string) bool {
	var e *Error
	return errors.As(err, &e) && e.Name == ErrorInvalidParameter && e.Parameter == parameter
}

// ErrHungUp says that leased ended during a call: it was killed, or is restarting.
// leased, or the next leased, undoes what it had begun.
var ErrHungUp = errors.New("leased closed the connection; see: journalctl -u leased")

// ErrAbsent says that leased's socket is missing, or no program listens on it.
var ErrAbsent = errors.New("leased does not listen")

// Conn is a connection to leased, for one call at a time.
type Conn struct {
	// Meanwhile, if not nil, is called while leased works.
	Meanwhile func()

	conn *os.File
	*Framer
}

// Dial connects to leased. If leased is not there, the error says what to do. If hundreds of
// others connect, Dial waits for its turn until ctx ends.
func Dial(ctx context.Context) (*Conn, error) {
	path := Socket()
	conn, err := connect(ctx, path)
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

// Setup makes the container's interface in the netns that is open as the descriptor netns, and
// gets it a lease. Cancelling ctx undoes the call.
func (c *Conn) Setup(ctx context.Context, req SetupRequest, netns int) (SetupReply, error) {
	var reply SetupReply
	err := c.call(ctx, request{method: MethodSetup, params: req, descriptor: &netns}, into(&reply))
	return reply, err
}

// Teardown ends an attachment's lease, and deletes its interface in the netns that is open as the
// descriptor netns; -1: the netns is gone.
func (c *Conn) Teardown(ctx context.Context, req TeardownRequest, netns int) error {
	r := request{method: MethodTeardown, params: req}
	if netns >= 0 {
		r.descriptor = &netns
	}
	return c.call(ctx, r, nothing)
}

// Acquire gets a lease for an attachment. Cancelling ctx undoes the call.
func (c *Conn) Acquire(ctx context.Context, req AcquireRequest) (*Lease, error) {
	var reply AcquireReply
	err := c.call(ctx, request{method: MethodAcquire, params: req}, into(&reply))
	return reply.Lease, err
}

// Rehearse makes encoding/json inspect the types of Setup's answer. The first time this takes a
// tenth of a millisecond, which a short-lived caller can spend while it waits.
func Rehearse() {
	_ = json.Unmarshal([]byte(`{"parameters":{}}`), new(Reply))
	_ = json.Unmarshal([]byte(`{"lease":{}}`), new(SetupReply))
}

// Release ends an attachment's lease.
func (c *Conn) Release(ctx context.Context, a Attachment) error {
	return c.call(ctx, request{method: MethodRelease, params: ReleaseRequest{a}}, nothing)
}

// ReleaseContainer ends all leases of a container; owner is "" or as in an Attachment.
func (c *Conn) ReleaseContainer(ctx context.Context, containerID, owner string) error {
	return c.call(ctx, request{method: MethodReleaseContainer, params: ReleaseContainerRequest{containerID, owner}}, nothing)
}

// NoteResolvConf tells which resolv.conf was written for a container. It does not wait for
// leased.
func (c *Conn) NoteResolvConf(ctx context.Context, req NoteResolvConfRequest) error {
	return c.call(ctx, request{method: MethodNoteResolvConf, params: req, oneWay: true}, nothing)
}

// May asks whether the policy allows something, and which line does. Else the error says why not.
func (c *Conn) May(ctx context.Context, req MayRequest) (MayReply, error) {
	var reply MayReply
	err := c.call(ctx, request{method: MethodMay, params: req}, into(&reply))
	return reply, err
}

// List calls each for every attachment that leased knows.
func (c *Conn) List(ctx context.Context, each func(Status) error) error {
	return c.call(ctx, request{method: MethodList, params: struct{}{}, more: true}, func(p json.RawMessage) error {
		var reply ListReply
		if err := json.Unmarshal(p, &reply); err != nil || reply.Status == nil {
			return err
		}
		return each(*reply.Status)
	})
}

func into(reply any) func(json.RawMessage) error {
	return func(p json.RawMessage) error { return json.Unmarshal(p, reply) }
}

func nothing(json.RawMessage) error { return nil }
