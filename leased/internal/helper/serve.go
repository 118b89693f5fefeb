// SPDX-License-Identifier: Apache-2.0

package helper

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/resolv"
)

// idle is how long the helper waits for another request: those of containers that renew
// together need one start.
const idle = 2 * time.Second

// ExitStuck is the exit code of a helper that had no time left for a request. Its threads and
// descriptors end with it.
const ExitStuck = 4

// host is whose mounts are the host's. (A variable, so that a test can change it.)
var host = resolv.Host

// errRequest says that a request asks for nothing that the helper does.
var errRequest = errors.New("not a request for the helper")

// maxRequests is how many requests are served at a time: a file that does not answer does not
// hold up those who ask for a netns.
const maxRequests = 8

// Serve serves requests of a listening socket until there are none for a while.
func Serve(l *net.UnixListener) error {
	slots := make(chan struct{}, maxRequests)
	for {
		_ = l.SetDeadline(time.Now().Add(idle))
		conn, err := l.AcceptUnix()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && len(slots) > 0:
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return fmt.Errorf("accept a connection: %w", err)
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			answer(conn)
		}()
	}
}

// ServeOne serves the one request of a connected socket, which it takes over.
func ServeOne(fd int) error {
	conn, err := take(fd)
	if err == nil {
		answer(conn)
	}
	return err
}

// answer serves one request. Who has hung up needs no reply.
func answer(conn *net.UnixConn) {
	defer conn.Close()
	defer time.AfterFunc(patience, func() { os.Exit(ExitStuck) }).Stop()
	_ = conn.SetDeadline(time.Now().Add(patience))
	framer := leaseapi.NewFramer(conn)
	defer framer.CloseDescriptors()
	var r request
	if err := framer.Read(&r); err != nil {
		return
	}
	said, f := do(r)
	defer f.Close() // nil is fine, too
	_ = send(conn, said, f)
}

func do(r request) (reply, *os.File) {
	switch {
	case r.Resolv != nil:
		changed, err := rewrite(r)
		if err != nil {
			return failed(err), nil
		}
		return reply{Changed: changed}, nil
	case r.Netns != nil:
		f, err := netns.ByProcess(r.Netns.Path, r.Netns.Inode)
		if err != nil {
			return failed(err), nil
		}
		return reply{}, f
	}
	return failed(errRequest), nil
}

// rewrite does the job on a thread that ends with it, because the thread acts as other users.
func rewrite(r request) (changed bool, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		changed, err = r.Resolv.Do(host)
	}()
	<-done
	return changed, err
}

func send(conn *net.UnixConn, r reply, f *os.File) error {
	frame, err := leaseapi.Encode(r)
	if err != nil {
		return err
	}
	var rights []byte
	if f != nil {
		rights = unix.UnixRights(int(f.Fd()))
	}
	_, _, err = conn.WriteMsgUnix(frame, rights, nil)
	return err
}
