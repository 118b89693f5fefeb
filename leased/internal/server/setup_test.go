// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/request"
)

const setupCall = `{"method":"io.leased.Setup","parameters":{"netns":"/run/netns/x",` +
	`"attachment":{"containerId":"id","containerName":"web","network":"lan","interface":"eth0"},"options":{"bridge":"br0"}}}`

const netavarkCall = `{"method":"io.leased.Setup","parameters":{"netns":"/run/netns/x",` +
	`"netavark":{"container_id":"id","network":{"name":"lan","options":{"bridge":"br0"}},"network_options":{"interface_name":"eth0"},"more":[1]}}}`

// sayWith sends a message with descriptors of a directory.
func (c *client) sayWith(text string, descriptors int) {
	c.t.Helper()
	f, err := os.Open(c.t.TempDir())
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	var fds []int
	for range descriptors {
		fds = append(fds, int(f.Fd()))
	}
	if _, _, err := c.Conn.(*net.UnixConn).WriteMsgUnix([]byte(text+"\x00"), unix.UnixRights(fds...), nil); err != nil {
		c.t.Fatal(err)
	}
}

func TestSetupIsAnswered(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 2)
	l := &leases{setup: func(_ context.Context, s request.Setup, netns *os.File) (*leaseapi.Lease, error) {
		paths <- s.Wanted.Netns
		if info, err := netns.Stat(); err != nil || !info.IsDir() {
			t.Errorf("descriptor: %v", err)
		}
		return nil, nil
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(setupCall, 1)
	peer.want(`{"parameters":{"mac":"02:00:00:00:00:01"}}`)
	peer.sayWith(netavarkCall, 1)
	peer.want(`{"parameters":{"status":{"interfaces":{"eth0":{"mac_address":"02:00:00:00:00:01"}}}}}`)
	if path := <-paths; path != "/run/netns/x" || !l.told.Load() {
		t.Errorf("path %q, told %v", path, l.told.Load())
	}
}

func TestSetupIsRefused(t *testing.T) {
	t.Parallel()
	called := func(context.Context, request.Setup, *os.File) (*leaseapi.Lease, error) {
		t.Error("Setup was called")
		return nil, nil
	}
	peer := start(t, &leases{setup: called}, limits{}).dial()
	peer.say(setupCall)
	peer.want(`{"parameters":{"parameter":"netns"},"error":"org.varlink.service.InvalidParameter"}`)
	peer.sayWith(strings.Replace(setupCall, "options", "opinions", 1), 1)
	peer.want(`{"parameters":{"parameter":"opinions"},"error":"org.varlink.service.InvalidParameter"}`)
	peer.sayWith(strings.Replace(setupCall, `"bridge":"br0"`, "", 1), 1)
	peer.want(`{"parameters":{"message":"neither bridge nor parent is given; set one of them, or create the network again"},"error":"io.leased.Refused"}`)
	peer.say(`{"method":"io.leased.Teardown","parameters":{}}`)
	peer.want(`{"parameters":{"parameter":"attachment.containerId"},"error":"org.varlink.service.InvalidParameter"}`)
	// The descriptor of an earlier call is not this one's.
	peer.sayWith(`{"method":"io.leased.List"}`, 1)
	peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
	peer.say(setupCall)
	peer.want(`{"parameters":{"parameter":"netns"},"error":"org.varlink.service.InvalidParameter"}`)
}

func TestSetupFails(t *testing.T) {
	t.Parallel()
	l := &leases{setup: func(context.Context, request.Setup, *os.File) (*leaseapi.Lease, error) {
		return nil, &leaseapi.Error{Name: leaseapi.ErrorNoLease, Message: "no server"}
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(setupCall, 1)
	peer.want(`{"parameters":{"message":"no server"},"error":"io.leased.NoLease"}`)
}

func TestTeardownIsAnswered(t *testing.T) {
	t.Parallel()
	l := &leases{}
	peer := start(t, l, limits{}).dial()
	const call = `{"method":"io.leased.Teardown","parameters":{"attachment":{"containerId":"id","containerName":"web","network":"lan","interface":"eth0"}}}`
	peer.sayWith(call, 1)
	peer.want(`{"parameters":{}}`)
	peer.say(call)
	peer.want(`{"parameters":{}}`)
	if len(l.released) != 2 || l.released[0].Interface != "eth0 and its link" || l.released[1].Interface != "eth0" {
		t.Errorf("released %+v", l.released)
	}
}

func TestHangingUpCancelsSetup(t *testing.T) {
	t.Parallel()
	called, cancelled := make(chan struct{}, 1), make(chan struct{}, 1)
	l := &leases{setup: func(ctx context.Context, _ request.Setup, _ *os.File) (*leaseapi.Lease, error) {
		called <- struct{}{}
		<-ctx.Done()
		cancelled <- struct{}{}
		return nil, ctx.Err()
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(setupCall, 1)
	soon(t, "Setup", called)
	peer.Close()
	soon(t, "cancel", cancelled)
}

// The actor that answers does not wait for a peer that reads nothing; the session does, and
// undoes the call in the end.
func TestAnswerToAPeerThatReadsNothing(t *testing.T) {
	t.Parallel()
	lim := usual
	lim.send = 100 * time.Millisecond
	l := &leases{setup: func(context.Context, request.Setup, *os.File) (*leaseapi.Lease, error) {
		return &leaseapi.Lease{Search: []string{strings.Repeat("x", 100<<10)}}, nil
	}}
	peer := start(t, l, lim).dial()
	for range 8 {
		peer.sayWith(setupCall, 1)
	}
	soon(t, "undo", l.undone)
	if l.told.Load() {
		t.Error("the caller was said to have its answer")
	}
}

// A slow peer gets all of an answer that the socket takes in parts.
func TestAnswerInParts(t *testing.T) {
	t.Parallel()
	l := &leases{setup: func(context.Context, request.Setup, *os.File) (*leaseapi.Lease, error) {
		return &leaseapi.Lease{Search: []string{strings.Repeat("x", 1<<20)}}, nil
	}}
	peer := start(t, l, limits{}).dial()
	peer.sayWith(setupCall, 1)
	time.Sleep(50 * time.Millisecond)
	n, end := 0, errors.New("no end")
	for b := make([]byte, 64<<10); end != nil; {
		read, err := peer.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if n += read; b[read-1] == 0 {
			end = nil
		}
	}
	if n < 1<<20 {
		t.Errorf("%d bytes", n)
	}
	if len(l.undone) > 0 {
		t.Error("the call was undone")
	}
}

// Descriptors that no method wants do not pile up in leased.
func TestDescriptorsDoNotPileUp(t *testing.T) { // not parallel: it counts the process's descriptors
	r := start(t, &leases{}, limits{})
	before := descriptors(t)
	for range 50 {
		peer := r.dial()
		peer.sayWith(setupCall, 1)
		peer.want(`{"parameters":{"mac":"02:00:00:00:00:01","lease":{}}}`)
		for range 10 {
			peer.sayWith(`{"method":"io.leased.List"}`, 20)
			peer.want(`{"parameters":{},"error":"org.varlink.service.ExpectedMore"}`)
		}
		peer.sayWith(`{"method":"io`, 1) // and never ends
		peer.Close()
	}
	end := time.Now().Add(5 * time.Second)
	for descriptors(t) > before+5 && time.Now().Before(end) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := descriptors(t); n > before+5 {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
