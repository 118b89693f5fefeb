// SPDX-License-Identifier: Apache-2.0

// Package leaseapitest has a leased for tests of its callers: it answers as told.
package leaseapitest

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
)

// Leased listens on a socket that LEASED_SOCKET names until the test ends.
type Leased struct {
	// Calls are the calls that have come in, in their order.
	Calls chan leaseapi.Call
	// Descriptors are those that came with calls, one for each call; nil: the call carried
	// none. They are closed when the test ends.
	Descriptors chan *os.File

	t     *testing.T
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
	f := &Leased{Calls: make(chan leaseapi.Call, 1000), Descriptors: make(chan *os.File, 1000), t: t, reply: reply}
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
	defer framer.CloseDescriptors()
	var call leaseapi.Call
	if framer.Read(&call) != nil {
		return
	}
	f.Descriptors <- f.take(framer)
	f.Calls <- call
	if r := f.reply(call); r != nil {
		_ = framer.Write(r)
	}
}

// Next returns the next call of a method, and drops the calls before it.
func (f *Leased) Next(method string) leaseapi.Call {
	f.t.Helper()
	for {
		select {
		case call := <-f.Calls:
			if call.Method == method {
				return call
			}
		case <-time.After(10 * time.Second):
			f.t.Fatalf("no call of %s within 10 s", method)
		}
	}
}

// take returns the descriptor of the call that was read last, or nil.
func (f *Leased) take(framer *leaseapi.Framer) *os.File {
	fd, ok := framer.TakeDescriptor()
	if !ok {
		return nil
	}
	file := os.NewFile(uintptr(fd), "descriptor of a call")
	f.t.Cleanup(func() { file.Close() })
	return file
}

// Grants answers Acquire and Setup with l, Setup of a netavark document with Status, and
// everything else with success.
func Grants(l leaseapi.Lease) func(leaseapi.Call) *leaseapi.Reply {
	return func(c leaseapi.Call) *leaseapi.Reply {
		var reply any = struct{}{}
		switch c.Method {
		case leaseapi.MethodAcquire:
			reply = leaseapi.AcquireReply{Lease: &l}
		case leaseapi.MethodSetup:
			var req leaseapi.SetupRequest
			_ = json.Unmarshal(c.Parameters, &req)
			reply = leaseapi.SetupReply{MAC: MAC, Lease: &l}
			if req.Netavark != nil {
				reply = leaseapi.SetupReply{Status: json.RawMessage(Status)}
			}
		}
		b, _ := json.Marshal(reply)
		return &leaseapi.Reply{Parameters: b}
	}
}

// The answers of Grants to Setup.
const (
	MAC    = "02:00:00:00:00:07"
	Status = `{"interfaces":{"eth0":{"mac_address":"` + MAC + `"}}}`
)

// Old is a leased of before Setup and Teardown, which answers the other calls with reply's answer.
func Old(reply func(leaseapi.Call) *leaseapi.Reply) func(leaseapi.Call) *leaseapi.Reply {
	return func(c leaseapi.Call) *leaseapi.Reply {
		if c.Method != leaseapi.MethodSetup && c.Method != leaseapi.MethodTeardown {
			return reply(c)
		}
		b, _ := json.Marshal(map[string]string{"method": c.Method})
		return &leaseapi.Reply{Error: leaseapi.ErrorMethodNotFound, Parameters: b}
	}
}
