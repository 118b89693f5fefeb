// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/request"
)

func (x *session) setup(ctx context.Context, call *incoming) error {
	var a leaseapi.SetupRequest
	if err := decode(call.Call, &a); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	s, err := request.ParseSetup(a)
	if err != nil {
		return x.refuse(call.Call, err)
	}
	if call.netns == nil {
		return x.invalid(call.Call, "netns")
	}
	if err := x.allowed(s); err != nil {
		return x.refuse(call.Call, err)
	}
	r := &reply{session: x, call: call.Call, setup: s}
	undo, err := x.Leases.Setup(ctx, s, call.take(), r.tell)
	if err != nil {
		r.abandon()
		return x.fail(call.Call, err)
	}
	if err := r.finish(); err != nil {
		undo()
		return err
	}
	return nil
}

func (x *session) teardown(ctx context.Context, call *incoming) error {
	var a leaseapi.TeardownRequest
	if err := decode(call.Call, &a); err != nil {
		return x.invalid(call.Call, parameter(err))
	}
	at, err := request.ParseTeardown(a)
	if err != nil {
		return x.refuse(call.Call, err)
	}
	if err := x.Leases.Teardown(ctx, at, call.take()); err != nil {
		return x.fail(call.Call, err)
	}
	return x.send(call.Call, "", struct{}{}, false)
}

// refuse answers a call whose parameters cannot be right.
func (x *session) refuse(call leaseapi.Call, err error) error {
	if wrong := new(request.InvalidError); errors.As(err, &wrong) {
		return x.invalid(call, wrong.Parameter)
	}
	return x.send(call, leaseapi.ErrorRefused, map[string]string{"message": err.Error()}, false)
}

// reply is the answer to one Setup. The attachment's actor writes it, so that no goroutine
// need wake up between a lease and its answer. The actor does not wait: what the socket does
// not take at once, the session's goroutine writes.
type reply struct {
	*session
	call  leaseapi.Call
	setup request.Setup

	mu        sync.Mutex // guards all following fields
	abandoned bool       // the session answers, or hangs up
	rest      []byte     // of the message, that the actor could not write
	err       error
}

// tell writes the answer and reports whether the socket has taken all of it.
func (r *reply) tell(mac net.HardwareAddr, lease *leaseapi.Lease, failure error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.abandoned {
		return false
	}
	if r.call.OneWay {
		return true
	}
	var message []byte
	if message, r.err = r.message(mac, lease, failure); r.err == nil {
		r.rest, r.err = r.offer(message)
	}
	return r.err == nil && len(r.rest) == 0
}

func (r *reply) message(mac net.HardwareAddr, lease *leaseapi.Lease, failure error) ([]byte, error) {
	if failure != nil {
		name, parameters := failed(failure)
		return encode(name, parameters)
	}
	answer, err := r.setup.Reply(mac, lease)
	if err != nil {
		return nil, err
	}
	return encode("", answer)
}

func encode(name string, parameters any) ([]byte, error) {
	b, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	return leaseapi.Encode(leaseapi.Reply{Parameters: b, Error: name})
}

// abandon keeps tell from writing: the session's goroutine goes on.
func (r *reply) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.abandoned = true
}

// finish writes the rest of the answer, once tell was called.
func (r *reply) finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || len(r.rest) == 0 {
		return r.err
	}
	_ = r.conn.SetWriteDeadline(time.Now().Add(r.limits.send))
	_, err := r.conn.Write(r.rest)
	return err
}

// offer writes what the socket takes without waiting, and returns the rest.
func (x *session) offer(message []byte) (rest []byte, err error) {
	u, ok := x.conn.(*net.UnixConn)
	if !ok {
		return message, nil
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	_ = x.conn.SetWriteDeadline(time.Time{})
	var n int
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		n, failed = unix.Write(int(fd), message)
		return true // whatever it said: this does not wait
	})
	if errors.Is(failed, unix.EAGAIN) {
		n, failed = 0, nil
	}
	return message[max(n, 0):], errors.Join(err, failed)
}
