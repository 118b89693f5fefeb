// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Pipe is one call by plain system calls, for a program that lives for this call alone: it needs
// no goroutine, no poller and no JSON. If something unusual happens, Setup or Teardown goes on
// with the same call.
type Pipe struct {
	// Begun is the time of the call.
	Begun time.Time

	patience time.Duration
	fd       int // a blocking socket; -1: the Pipe has ended
	got      []byte
}

// Send connects to leased and sends it a whole message, with a descriptor if that is not -1. Send
// and Reply wait for patience in all. Send returns nil if leased did not get the message.
func Send(message []byte, descriptor int, patience time.Duration) *Pipe {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	p := &Pipe{Begun: time.Now(), patience: patience, fd: fd}
	if err := p.send(message, descriptor); err != nil {
		p.Close()
		return nil
	}
	return p
}

func (p *Pipe) send(message []byte, descriptor int) error {
	leased := &unix.SockaddrUnix{Name: Socket()}
	if err := p.within(unix.SO_SNDTIMEO, func() error { return unix.Connect(p.fd, leased) }); err != nil {
		return err
	}
	var rights []byte
	if descriptor >= 0 {
		rights = unix.UnixRights(descriptor)
	}
	var n int
	err := p.within(unix.SO_SNDTIMEO, func() (err error) {
		n, err = unix.SendmsgN(p.fd, message, rights, nil, unix.MSG_NOSIGNAL)
		return err
	})
	if err == nil && n < len(message) {
		err = unix.EAGAIN
	}
	return err
}

// within makes a system call in the time that is left, and repeats it if a signal interrupts it.
// SO_SNDTIMEO is for connect, too (unix(7)).
func (p *Pipe) within(option int, call func() error) error {
	for {
		left := unix.NsecToTimeval(max(p.patience-time.Since(p.Begun), time.Microsecond).Nanoseconds()) // 0: for ever
		if err := unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, option, &left); err != nil {
			return err
		}
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Reply returns leased's reply without its NUL. It returns nil if leased hangs up, says too much,
// or does not answer in time.
func (p *Pipe) Reply() []byte {
	for len(p.got) <= MaxFrame {
		if end := bytes.IndexByte(p.got, 0); end >= 0 {
			return p.got[:end]
		}
		if cap(p.got) == len(p.got) {
			p.got = append(make([]byte, 0, 2*cap(p.got)+4096), p.got...)
		}
		var n int
		err := p.within(unix.SO_RCVTIMEO, func() (err error) {
			n, err = unix.Read(p.fd, p.got[len(p.got):cap(p.got)])
			return err
		})
		if err != nil || n <= 0 {
			return nil
		}
		p.got = p.got[:len(p.got)+n]
	}
	return nil
}

// Err returns the error of io.leased that leased has replied, or nil. Errors of Varlink itself
// (an unknown method, a parameter that cannot be) are left to Setup and Teardown.
func (p *Pipe) Err() error {
	var reply Reply
	if json.Unmarshal(p.reply(), &reply) != nil || !strings.HasPrefix(reply.Error, "io.leased.") {
		return nil
	}
	return answered(reply)
}

// reply is the reply if it is there already.
func (p *Pipe) reply() []byte {
	whole, _, ok := bytes.Cut(p.got, []byte{0})
	if !ok {
		return nil
	}
	return whole
}

// Setup waits for the reply to a message that called Setup, and ends the Pipe. Cancelling ctx
// undoes the call.
func (p *Pipe) Setup(ctx context.Context) (SetupReply, error) {
	var reply SetupReply
	err := p.goOn(ctx, into(&reply))
	return reply, err
}

// Teardown waits for the reply to a message that called Teardown, and ends the Pipe.
func (p *Pipe) Teardown(ctx context.Context) error { return p.goOn(ctx, nothing) }

func (p *Pipe) goOn(ctx context.Context, each func(json.RawMessage) error) error {
	if err := unix.SetNonblock(p.fd, true); err != nil {
		return err
	}
	conn := os.NewFile(uintptr(p.fd), Socket())
	p.fd = -1
	c := &Conn{conn: conn, Framer: NewFramer(struct {
		io.Reader
		io.Writer
	}{io.MultiReader(bytes.NewReader(p.got), conn), conn})}
	defer c.Close()
	return c.call(ctx, request{sent: true}, each)
}

// Close hangs up. Before the reply to Setup this means: undo.
func (p *Pipe) Close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
	}
	p.fd = -1
}
