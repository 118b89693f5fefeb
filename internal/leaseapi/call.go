// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// request is one call of a client.
type request struct {
	method     string
	params     any
	more       bool
	oneWay     bool // without a reply
	descriptor *int // nil: none
	sent       bool // already; there is only the reply to read
}

func (c *Conn) call(ctx context.Context, r request, each func(json.RawMessage) error) error {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	err := c.exchange(r, each)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrHungUp
	}
	return err
}

func (c *Conn) exchange(r request, each func(json.RawMessage) error) error {
	if !r.sent {
		if err := c.send(r); err != nil {
			return err
		}
	}
	if c.Meanwhile != nil {
		c.Meanwhile()
	}
	for more := !r.oneWay; more; {
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

func (c *Conn) send(r request) error {
	params, err := json.Marshal(r.params)
	if err != nil {
		return err
	}
	call := Call{Method: r.method, Parameters: params, More: r.more, OneWay: r.oneWay}
	frame, err := Encode(call)
	if err != nil {
		return err
	}
	if r.descriptor != nil {
		n, err := c.sendWith(*r.descriptor, frame)
		if err != nil || n == len(frame) {
			return err
		}
		frame = frame[n:]
	}
	_, err = c.conn.Write(frame)
	return err
}

// sendWith sends a descriptor with the first bytes of a frame, and returns how many bytes went.
func (c *Conn) sendWith(fd int, frame []byte) (n int, err error) {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	rights := unix.UnixRights(fd)
	var sent error
	err = raw.Write(func(socket uintptr) (done bool) {
		for sent = unix.EINTR; errors.Is(sent, unix.EINTR); {
			n, sent = unix.SendmsgN(int(socket), frame, rights, nil, unix.MSG_NOSIGNAL)
		}
		return !errors.Is(sent, unix.EAGAIN)
	})
	return max(n, 0), errors.Join(err, sent)
}

func answered(r Reply) error {
	var p struct {
		Message   string `json:"message"`
		Parameter string `json:"parameter"`
	}
	if json.Unmarshal(r.Parameters, &p) != nil || p.Message == "" {
		p.Message = "leased answers " + r.Error + " " + string(r.Parameters)
	}
	return &Error{Name: r.Error, Message: p.Message, Parameter: p.Parameter}
}
