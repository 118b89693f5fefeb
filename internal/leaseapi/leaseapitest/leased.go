// SPDX-License-Identifier: Apache-2.0

// Package leaseapitest has a leased for tests of its callers: it answers as told.
package leaseapitest

import (
	"encoding/json"
	"net"
	"path/filepath"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// Leased listens on a socket that LEASED_SOCKET names until the test ends.
type Leased struct {
	// Calls are the calls that have come in, in their order.
	Calls chan leaseapi.Call
	reply func(leaseapi.Call) *leaseapi.Reply
}

// New starts a Leased that answers each call with reply's answer, or hangs up
// where that is nil. The test cannot be parallel: it sets the environment.
func New(t *testing.T, reply func(leaseapi.Call) *leaseapi.Reply) *Leased {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leased.sock")
	t.Setenv("LEASED_SOCKET", path)
	return At(t, path, reply)
}

// At is New on a socket at path, which is not in the environment.
func At(t *testing.T, path string, reply func(leaseapi.Call) *leaseapi.Reply) *Leased {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := &Leased{Calls: make(chan leaseapi.Call, 100), reply: reply}
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go f.serve(conn)
		}
	}()
	return f
}

func (f *Leased) serve(conn net.Conn) {
	defer conn.Close()
	framer := leaseapi.NewFramer(conn)
	var call leaseapi.Call
	if framer.Read(&call) != nil {
		return
	}
	f.Calls <- call
	if r := f.reply(call); r != nil {
		_ = framer.Write(r)
	}
}

// Grants answers Acquire with l and everything else with success.
func Grants(l leaseapi.Lease) func(leaseapi.Call) *leaseapi.Reply {
	return func(c leaseapi.Call) *leaseapi.Reply {
		b := []byte("{}")
		if c.Method == leaseapi.MethodAcquire {
			b, _ = json.Marshal(leaseapi.AcquireReply{Lease: &l})
		}
		return &leaseapi.Reply{Parameters: b}
	}
}
