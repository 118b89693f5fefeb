// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// session is one connection.
type session struct {
	*Server
	conn   net.Conn
	framer *leaseapi.Framer
	root   bool // the peer is uid 0 in our user namespace
}

func (s *Server) serve(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	cred, err := peer(conn)
	if err != nil {
		s.Log.Error("ask who the peer is", "err", err)
		return
	}
	x := &session{Server: s, conn: conn, framer: leaseapi.NewFramer(conn), root: cred.Uid == 0}
	defer x.framer.CloseDescriptors()
	_ = conn.SetReadDeadline(time.Now().Add(s.limits.idle))
	first, err := x.next() // by this goroutine: most peers call once
	if err != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	calls := make(chan incoming)
	s.conns.Go(func() { x.read(ctx, cancel, calls) })
	if x.answer(ctx, first) {
		x.loop(ctx, calls)
	}
}

// incoming is a call with the descriptor that came with it, or nil.
type incoming struct {
	leaseapi.Call
	netns *os.File
}

// take hands over the descriptor.
func (c *incoming) take() *os.File {
	f := c.netns
	c.netns = nil
	return f
}

// close closes a descriptor that nobody took.
func (c *incoming) close() {
	if c.netns != nil {
		c.netns.Close()
	}
}

// answer answers one call, and reports whether the peer may go on.
func (x *session) answer(ctx context.Context, call incoming) bool {
	defer call.close()
	err := x.handle(ctx, &call)
	if err != nil {
		x.Log.Debug("answer a call", "method", call.Method, "err", err)
	}
	return err == nil
}

// loop answers one call after the other. A peer has limits.idle for its next call; the
// time of a running call does not count.
func (x *session) loop(ctx context.Context, calls <-chan incoming) {
	for {
		_ = x.conn.SetReadDeadline(time.Now().Add(x.limits.idle))
		select {
		case <-ctx.Done():
			return
		case call := <-calls:
			_ = x.conn.SetReadDeadline(time.Time{})
			if !x.answer(ctx, call) {
				return
			}
		}
	}
}

// read reads ahead, so that the session notices a peer that hangs up during a call.
func (x *session) read(ctx context.Context, cancel context.CancelFunc, calls chan<- incoming) {
	defer cancel()
	for {
		call, err := x.next()
		if err != nil {
			return
		}
		select {
		case calls <- call:
		case <-ctx.Done():
			call.close()
			return
		}
	}
}

// next waits for the peer's next call.
func (x *session) next() (call incoming, err error) {
	if err := x.framer.Read(&call.Call); err != nil {
		return call, err
	}
	if fd, ok := x.framer.TakeDescriptor(); ok {
		call.netns = os.NewFile(uintptr(fd), "the caller's descriptor")
	}
	return call, nil
}

// peer returns the credentials of the connected process (SO_PEERCRED, unix(7)).
func peer(conn net.Conn) (*unix.Ucred, error) {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, fmt.Errorf("not a unix socket but %T", conn)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return cred, errors.Join(err, credErr)
}

// send sends one reply; a peer that does not take it within limits.send is dropped.
func (x *session) send(call leaseapi.Call, name string, params any, continues bool) error {
	if call.OneWay {
		return nil
	}
	b, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	_ = x.conn.SetWriteDeadline(time.Now().Add(x.limits.send))
	return x.framer.Write(leaseapi.Reply{Parameters: b, Continues: continues, Error: name})
}
