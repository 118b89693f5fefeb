// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/request"
)

// leases is a manager that does what a test says.
type leases struct {
	acquire func(ctx context.Context, r leaseapi.AcquireRequest) (*leaseapi.Lease, error)
	release func(a leaseapi.Attachment) error
	setup   func(ctx context.Context, s request.Setup, netns *os.File) (*leaseapi.Lease, error)
	told    atomic.Bool // a Setup's answer was taken at once
	list    []leaseapi.Status
	judge   Judge

	undone   chan struct{}
	changed  func(by int)
	mu       sync.Mutex
	released []leaseapi.Attachment
	noted    []request.Note
}

func (l *leases) Acquire(ctx context.Context, r request.Request) (*leaseapi.Lease, func(), error) {
	lease, err := &leaseapi.Lease{}, error(nil)
	if l.acquire != nil {
		lease, err = l.acquire(ctx, r.API())
	}
	return lease, func() { l.undone <- struct{}{} }, err
}

func (l *leases) Setup(ctx context.Context, s request.Setup, netns *os.File, tell func(net.HardwareAddr, *leaseapi.Lease, error) bool) (func(), error) {
	defer netns.Close()
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	lease, err := &leaseapi.Lease{}, error(nil)
	if l.setup != nil {
		lease, err = l.setup(ctx, s, netns)
	}
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	l.told.Store(tell(mac, lease, err))
	return func() { l.undone <- struct{}{} }, nil
}

func (l *leases) Teardown(ctx context.Context, a request.Attachment, netns *os.File) error {
	if netns != nil {
		netns.Close()
		a.Interface += " and its link"
	}
	return l.Release(ctx, a)
}

func (l *leases) Release(_ context.Context, at request.Attachment) error {
	a := leaseapi.Attachment(at)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released = append(l.released, a)
	if l.release != nil {
		return l.release(a)
	}
	return nil
}

func (l *leases) ReleaseContainer(ctx context.Context, id, owner string) error {
	return l.Release(ctx, request.Attachment{ContainerID: id, Owner: owner})
}

func (l *leases) NoteResolvConf(n request.Note) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noted = append(l.noted, n)
}

func (l *leases) List() iter.Seq[leaseapi.Status] { return slices.Values(l.list) }

// running is a server on a unix socket that ends with the test, in order.
type running struct {
	*Server
	t    *testing.T
	path string
	end  func() // returns when Serve has
}

func start(t *testing.T, l *leases, lim limits) *running {
	t.Helper()
	l.undone = make(chan struct{}, 10)
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Leases: l, Judge: l.judge, Log: slog.New(slog.DiscardHandler), Changed: l.changed, limits: lim}
	r := &running{Server: s, t: t, path: path}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	r.end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Serve does not return")
		}
	})
	t.Cleanup(r.end)
	return r
}

// client is a connection that says what a client would not.
type client struct {
	net.Conn
	t *testing.T
	f *leaseapi.Framer
}

func (r *running) dial() *client {
	r.t.Helper()
	c, err := net.Dial("unix", r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{c, r.t, leaseapi.NewFramer(struct{ io.ReadWriter }{c})} // which the race detector follows
}

// say sends a message as it is.
func (c *client) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text+"\x00"); err != nil {
		c.t.Fatal(err)
	}
}

// want reads one reply and compares it, as JSON.
func (c *client) want(reply string) {
	c.t.Helper()
	var got json.RawMessage
	if err := c.f.Read(&got); err != nil {
		c.t.Fatalf("%v, want %s", err, reply)
	}
	var g, w bytes.Buffer
	_ = json.Compact(&g, got)
	_ = json.Compact(&w, []byte(reply))
	if !bytes.Equal(g.Bytes(), w.Bytes()) {
		c.t.Errorf("reply\n  %s\nwant\n  %s", g.Bytes(), w.Bytes())
	}
}

// wantEnd waits until the server has hung up.
func (c *client) wantEnd() {
	c.t.Helper()
	if b, err := io.ReadAll(c); os.IsTimeout(err) || len(b) > 0 {
		c.t.Errorf("got %.100q, %v; want the end of the connection", b, err)
	}
}

// asked is a valid one, changed.
func asked(change ...func(r *leaseapi.AcquireRequest)) leaseapi.AcquireRequest {
	r := leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: "eth0"},
		Link:       leaseapi.Link{Netns: "/run/netns/x", Index: 2, MAC: "02:00:00:00:00:01", Host: "br0", MTU: 1500},
		Client:     leaseapi.Client{Hostname: "web"},
		Policy:     leaseapi.Policy{Metric: 100, TimeoutMS: 10_000, OnTimeout: "fail", Release: "now"},
	}
	for _, f := range slices.Concat(change) {
		f(&r)
	}
	return r
}

func (c *client) acquire(r any) {
	c.t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.say(`{"method":"io.leased.Acquire","parameters":` + string(b) + `}`)
}
