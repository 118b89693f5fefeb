// SPDX-License-Identifier: Apache-2.0

// Package helper does, in a short-lived process, the two things of step 9 of the way of a
// lease that need rights over other users' processes and files: it rewrites a container's
// resolv.conf, and it opens the netns of a process. Everything that reads what containers
// and the LAN send is in leased, which has neither of these rights.
//
//	leased ─ one request on a unix socket ─► helper ─ reply, and the netns as a descriptor ─► leased
//
// systemd starts the helper by its socket. It serves some requests at a time, and ends when
// there are no more, or with a request whose time is over.
package helper

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/resolv"
)

// patience is the time for one request. A file system may never answer. (A variable, so that
// a test can change it.)
var patience = 10 * time.Second

// overtime is the time that a caller gives the helper beyond its patience: systemd may have to
// start the helper, and it may have other requests.
const overtime = 5 * time.Second

type request struct {
	Resolv *resolv.Job `json:"resolv,omitempty"`
	Netns  *process    `json:"netns,omitempty"`
}

// process is a process whose netns is asked for.
type process struct {
	Path  string `json:"path"`  // /proc/PID/ns/net, where to look first
	Inode uint64 `json:"inode"` // of the netns
}

type reply struct {
	Changed bool   `json:"changed,omitempty"`
	Error   string `json:"error,omitempty"`
	Kind    string `json:"kind,omitempty"` // of the error, see kinds
}

// kinds are the errors that callers tell apart.
var kinds = map[string]error{"edited": resolv.ErrEdited, "foreign": resolv.ErrForeign, "absent": fs.ErrNotExist}

func failed(err error) reply {
	for kind, is := range kinds {
		if errors.Is(err, is) {
			return reply{Error: err.Error(), Kind: kind}
		}
	}
	return reply{Error: err.Error()}
}

// replied is an error of the helper's.
type replied struct {
	text string
	kind error
}

func (r replied) Error() string { return r.text }

func (r replied) Unwrap() error { return r.kind }

func (r reply) err() error {
	if r.Error == "" {
		return nil
	}
	return replied{r.Error, kinds[r.Kind]}
}

// Client asks the helper. The zero Client has none.
type Client struct {
	Socket  string // where systemd listens for the helper; empty: Program is started for each request
	Program string // path
}

// Rewrite does a job of resolv's, with the same errors.
func (c Client) Rewrite(j resolv.Job) (changed bool, err error) {
	if j.Old.Equal(j.Now) {
		return false, nil
	}
	answer, _, err := c.ask(request{Resolv: &j})
	return answer.Changed, err
}

// Netns opens the netns with this inode by a process in it: the one of the path
// /proc/PID/ns/net, or else another. It fails with fs.ErrNotExist if there is no process.
func (c Client) Netns(path string, inode uint64) (*os.File, error) {
	_, f, err := c.ask(request{Netns: &process{path, inode}})
	return f, err
}

// ask sends a request, and returns the reply with the file that came with it, or nil.
func (c Client) ask(r request) (answer reply, f *os.File, err error) {
	conn, end, err := c.connect()
	if err != nil {
		return reply{}, nil, err
	}
	defer end()
	_ = conn.SetDeadline(time.Now().Add(patience + overtime))
	framer := leaseapi.NewFramer(conn)
	defer framer.CloseDescriptors()
	if err = framer.Write(r); err == nil {
		err = framer.Read(&answer)
	}
	if err != nil {
		return reply{}, nil, fmt.Errorf("ask the helper: %w; see: journalctl -u leased-helper", err)
	}
	if fd, ok := framer.TakeDescriptor(); ok {
		f = os.NewFile(uintptr(fd), "network namespace")
	}
	return answer, f, answer.err()
}

// connect fails with errors of its own: a helper that is not there says nothing of a container.
func (c Client) connect() (conn *net.UnixConn, end func(), err error) {
	if c.Socket == "" {
		return c.start()
	}
	conn, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: c.Socket, Net: "unix"})
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the helper: %v; try: systemctl start leased-helper.socket", err)
	}
	return conn, func() { conn.Close() }, nil
}
