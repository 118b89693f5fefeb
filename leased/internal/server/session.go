// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
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
	calls := make(chan leaseapi.Call)
	s.conns.Go(func() { x.read(ctx, cancel, calls) })
	x.loop(ctx, calls)
}

// loop answers one call after the other. A peer has limits.idle for its next call; the
// time of a running call does not count.
func (x *session) loop(ctx context.Context, calls <-chan leaseapi.Call) {
	for {
		_ = x.conn.SetReadDeadline(time.Now().Add(x.limits.idle))
		select {
		case <-ctx.Done():
			return
		case call := <-calls:
			_ = x.conn.SetReadDeadline(time.Time{})
			if err := x.handle(ctx, call); err != nil {
				x.Log.Debug("answer a call", "method", call.Method, "err", err)
				return
			}
		}
	}
}

// read reads ahead, so that the session notices a peer that hangs up during a call.
func (x *session) read(ctx context.Context, cancel context.CancelFunc, calls chan<- leaseapi.Call) {
	defer cancel()
	for {
		var call leaseapi.Call
		if err := x.framer.Read(&call); err != nil {
			return
		}
		select {
		case calls <- call:
		case <-ctx.Done():
			return
		}
	}
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
