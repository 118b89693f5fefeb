// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/lab/testlan"
)

// Peers that hang up inside of a call, at each byte of it (CVE-2026-56117): no call
// is made of a part of one, and nothing of them stays.
func TestStormOfHalfCalls(t *testing.T) {
	testlan.NoLeaks(t)
	var called atomic.Int32
	r := start(t, &leases{acquire: func(context.Context, leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
		called.Add(1)
		return nil, nil
	}}, limits{})
	b, err := json.Marshal(asked())
	if err != nil {
		t.Fatal(err)
	}
	call := `{"method":"io.leased.Acquire","parameters":` + string(b) + `}`
	for n := range len(call) + 1 { // all of it but the NUL
		r.part(call[:n]).Close()
		peer := r.part(call[:n])
		peer.closeWrite()
		peer.wantEnd()
		peer.Close()
	}
	r.stillServes()
	r.end()
	if n := called.Load(); n > 0 {
		t.Errorf("%d calls were made of parts", n)
	}
}

// part says a part of a call.
func (r *running) part(text string) *client {
	r.t.Helper()
	peer := r.dial()
	if _, err := io.WriteString(peer, text); err != nil {
		r.t.Fatal(err)
	}
	return peer
}

func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.Conn.(*net.UnixConn).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// A peer that says that it has no more to say is one that has hung up: what it
// waits for is undone, and it gets no answer.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	l, called, cancelled := waiting()
	r := start(t, l, limits{})
	peer := r.dial()
	peer.acquire(asked())
	soon(t, "Acquire", called)
	peer.closeWrite()
	soon(t, "cancel", cancelled)
	peer.wantEnd()
	r.stillServes()
}

// Descriptors that come with a call are nobody's: the kernel closes them, for
// leased takes bytes only.
func TestPassedDescriptorsAreNotKept(t *testing.T) {
	t.Parallel()
	r := start(t, &leases{}, limits{})
	peer := r.dial()
	own, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	rights := unix.UnixRights(int(theirs.Fd()))
	if _, _, err := peer.Conn.(*net.UnixConn).WriteMsgUnix([]byte(`{"method":"io.leased.List"}`+"\x00"), rights, nil); err != nil {
		t.Fatal(err)
	}
	peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
	theirs.Close()
	// Were it open somewhere, the end of the pipe would not come.
	if _, err := unix.FcntlInt(own.Fd(), unix.F_SETFL, unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.Read(int(own.Fd()), make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the pipe is still open: %d, %v", n, err)
	}
	r.stillServes()
}

// A container's id is a key and nothing else: what looks like a path, an option or a
// format arrives as it is; what could not be shown does not.
func TestOddIDs(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(asked())
	if err != nil {
		t.Fatal(err)
	}
	for id, good := range map[string]bool{
		"../web": true, "/etc/passwd": true, "-rf": true, "%s%n": true, "$(id)": true, "...": true,
		"a\xff": false, `\ud800`: false, `a\u0000b`: false, `a\u001b[2J`: false, strings.Repeat("a", 256): false, "": false,
	} {
		var got string
		peer := start(t, &leases{acquire: func(_ context.Context, r leaseapi.AcquireRequest) (*leaseapi.Lease, error) {
			got = r.Attachment.ContainerID
			return nil, nil
		}}, limits{}).dial()
		peer.say(`{"method":"io.leased.Acquire","parameters":` + strings.Replace(string(b), `"id"`, `"`+id+`"`, 1) + `}`)
		if !good {
			peer.want(`{"parameters":{"parameter":"attachment.containerId"},"error":"org.varlink.service.InvalidParameter"}`)
			continue
		}
		if peer.want(`{"parameters":{}}`); got != id {
			t.Errorf("%s arrives as %s", id, got)
		}
	}
}
