// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// oldLeased is a leased that does not know all that callers of today say: it stands before
// this leased, and refuses such calls itself, as each leased does. A leased that does not know
// the methods that make and delete links does not look for descriptors either: a descriptor
// that comes with a call is lost. No old leased knows owners.
type oldLeased struct {
	path    string       // of its socket
	unknown []string     // methods
	refused atomic.Int32 // calls
}

var newMethods = []string{leaseapi.MethodSetup, leaseapi.MethodTeardown}

func newOldLeased(t *testing.T, leased string, unknown ...string) *oldLeased {
	t.Helper()
	o := &oldLeased{path: filepath.Join(t.TempDir(), "old.sock"), unknown: unknown}
	l, err := net.Listen("unix", o.path)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go o.serve(conn, leased)
		}
	}()
	return o
}

// serve passes calls on until either side hangs up.
func (o *oldLeased) serve(conn net.Conn, leased string) {
	defer conn.Close()
	up, err := net.Dial("unix", leased)
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		_, _ = io.Copy(conn, up)
		conn.Close()
	}()
	in := io.ReadWriter(conn)
	if len(o.unknown) > 0 {
		in = struct{ io.ReadWriter }{conn} // without the methods of a socket that receive descriptors
	}
	for calls := leaseapi.NewFramer(in); err == nil; {
		var call leaseapi.Call
		if calls.Read(&call) != nil {
			return
		}
		fd, ok := calls.TakeDescriptor()
		switch {
		case slices.Contains(o.unknown, call.Method):
			err = o.refuse(calls, leaseapi.ErrorMethodNotFound, "method", call.Method)
		case bytes.Contains(call.Parameters, []byte(`"owner":`)):
			err = o.refuse(calls, leaseapi.ErrorInvalidParameter, "parameter", "owner")
		default:
			err = pass(up.(*net.UnixConn), call, fd, ok)
		}
		if ok {
			_ = unix.Close(fd)
		}
	}
}

func (o *oldLeased) refuse(calls *leaseapi.Framer, failure, what, name string) error {
	o.refused.Add(1)
	why, _ := json.Marshal(map[string]string{what: name})
	return calls.Write(leaseapi.Reply{Error: failure, Parameters: why})
}

// pass passes a call on, and its descriptor if it has one.
func pass(up *net.UnixConn, call leaseapi.Call, fd int, hasFD bool) error {
	frame, err := leaseapi.Encode(call)
	if err != nil {
		return err
	}
	var rights []byte
	if hasFD {
		rights = unix.UnixRights(fd)
	}
	_, _, err = up.WriteMsgUnix(frame, rights, nil)
	return err
}
