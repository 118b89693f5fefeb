// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// oldLeased is a leased that does not know the methods that make and delete links: it stands
// before this leased, and answers those calls itself. A descriptor that comes with a call is
// lost, as in a leased that does not look for descriptors.
type oldLeased struct {
	path    string       // of its socket
	refused atomic.Int32 // calls
}

var newMethods = []string{leaseapi.MethodSetup, leaseapi.MethodTeardown}

func newOldLeased(t *testing.T, leased string) *oldLeased {
	t.Helper()
	o := &oldLeased{path: filepath.Join(t.TempDir(), "old.sock")}
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
	// Without the methods of a socket that receive descriptors.
	calls, on := leaseapi.NewFramer(struct{ io.ReadWriter }{conn}), leaseapi.NewFramer(struct{ io.ReadWriter }{up})
	for {
		var call leaseapi.Call
		if calls.Read(&call) != nil {
			return
		}
		if slices.Contains(newMethods, call.Method) {
			o.refused.Add(1)
			name, _ := json.Marshal(map[string]string{"method": call.Method})
			err = calls.Write(leaseapi.Reply{Error: leaseapi.ErrorMethodNotFound, Parameters: name})
		} else {
			err = on.Write(call)
		}
		if err != nil {
			return
		}
	}
}
