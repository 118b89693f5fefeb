// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/store"
)

// world is a Manager on a kernel, a LAN and a clock that are all in memory. Time
// in it passes as soon as everybody waits (testing/synctest).
type world struct {
	t       *testing.T
	kernel  *fakeKernel
	server  *server
	store   *memory
	memory  *memory // over reboots
	boot    string
	working *store.Working // nil: nobody is marked
	clock   *bubbleClock
	log     *logbook

	changed func(n int)
	m       tested
	cancel  context.CancelFunc
	ended   chan struct{}
}

// inWorld runs f in a world of its own, and then sees to it that nothing is left.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	t.Parallel()
	inBubble(t, f)
}

// inBubble is inWorld for a fuzzer's test, which must not be parallel.
func inBubble(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		defer w.stop()
		f(w)
	})
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: newStore(), memory: newStore(), boot: "boot-1", clock: newClock(), log: &logbook{}}
	w.server = &server{answer: grant(time.Hour)}
	w.kernel = &fakeKernel{links: map[string]kernel.Place{}, sessions: map[*kernel.Session]bool{}, owners: map[netip.Addr]net.HardwareAddr{}, server: w.server}
	return w
}

// start starts leased, as it were; what New said is the error.
func (w *world) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	m, err := New(Config{
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Clock: w.clock, Kernel: w.kernel, Store: w.store,
		Memory: w.memory, Working: w.working, Rand: counter(), BootID: w.boot, Changed: w.changed,
	})
	w.m, w.cancel, w.ended = tested{m}, cancel, make(chan struct{})
	go func() { defer close(w.ended); m.Run(ctx) }()
	return err
}

// stop stops leased. No socket may be open then.
func (w *world) stop() {
	w.t.Helper()
	w.cancel()
	<-w.ended
	if n := w.kernel.open.Load(); n != 0 {
		w.t.Errorf("%d sockets are left open", n)
	}
}

// container puts a new link into the kernel and returns the request for it.
func (w *world) container(i int) leaseapi.AcquireRequest {
	path := fmt.Sprintf("/run/netns/%d", i)
	mac := net.HardwareAddr{2, 0, 0, 0, byte(i >> 8), byte(i)}
	w.kernel.add(kernel.Place{Netns: path, Cookie: 1000 + uint64(i), Index: 2, MAC: mac})
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{
			ContainerID: fmt.Sprintf("id%d", i), ContainerName: fmt.Sprintf("web%d", i), Network: "lan", Interface: "eth0",
		},
		Link:   leaseapi.Link{Netns: path, Index: 2, MAC: mac.String(), Host: "br0", MTU: 1500},
		Client: leaseapi.Client{Hostname: "web"},
		Policy: leaseapi.Policy{Metric: 100, TimeoutMS: 10_000, OnTimeout: "fail", Release: "now"},
	}
}

// acquire must succeed.
func (w *world) acquire(req leaseapi.AcquireRequest) (*leaseapi.Lease, func()) {
	w.t.Helper()
	l, undo, err := w.m.Acquire(context.Background(), req)
	if err != nil || l == nil {
		w.t.Fatalf("Acquire: %v, %v", l, err)
	}
	w.rest()
	return l, undo
}

// rest waits until nobody has anything to do at this time.
func (w *world) rest() { synctest.Wait() }

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// state is what List says of the only attachment; "" where there is none.
func (w *world) state() string {
	w.t.Helper()
	switch list := listed(w.m); len(list) {
	case 0:
		return ""
	case 1:
		return list[0].State
	default:
		w.t.Fatalf("%d attachments", len(list))
		return ""
	}
}

func (w *world) wantState(want string) {
	w.t.Helper()
	if got := w.state(); got != want {
		w.t.Errorf("state is %q, want %q", got, want)
	}
}

func (w *world) wantHeard(want ...string) {
	w.t.Helper()
	w.want("the server heard", w.server.since(), want)
}

func (w *world) wantCalls(want ...string) {
	w.t.Helper()
	w.want("the kernel was told", w.kernel.since(), want)
}

func (w *world) want(what string, got, want []string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s\n  %.500q\nwant\n  %q", what, got, want)
	}
}

func (w *world) wantNothingLeft() {
	w.t.Helper()
	w.rest()
	w.m.memory.Flush() // memos are written a moment later
	if n := w.m.Len(); n != 0 {
		w.t.Errorf("%d attachments are left", n)
	}
	if n, m := w.store.len(), w.memory.len(); n+m != 0 {
		w.t.Errorf("%d records are left, and %d memos", n, m)
	}
	if n := w.kernel.open.Load(); n != 0 {
		w.t.Errorf("%d sockets are left", n)
	}
}

// tested is a Manager that is asked as the API's callers ask.
type tested struct{ *Manager }

func (m tested) Acquire(ctx context.Context, r leaseapi.AcquireRequest) (*leaseapi.Lease, func(), error) {
	req, err := request.Parse(r)
	if err != nil {
		return nil, nil, err
	}
	return m.Manager.Acquire(ctx, req)
}

func (m tested) Release(ctx context.Context, a leaseapi.Attachment) error {
	return m.Manager.Release(ctx, request.Attachment(a))
}

func keyOf(a leaseapi.Attachment) string { return request.Attachment(a).Key() }

// counter is a Rand that counts: xids differ, and waits are their shortest.
func counter() func() uint64 {
	var mu sync.Mutex
	n := uint64(0)
	return func() uint64 { mu.Lock(); defer mu.Unlock(); n++; return n }
}

// bubbleClock is a Clock on Go's timers. The host booted 100 s before.
type bubbleClock struct {
	boot  time.Time
	tick  chan struct{}
	mu    sync.Mutex
	next  *time.Timer
	ticks atomic.Int32 // sent on tick
}

func newClock() *bubbleClock {
	return &bubbleClock{boot: time.Now().Add(-100 * time.Second), tick: make(chan struct{}, 1)}
}

func (c *bubbleClock) C() <-chan struct{} { return c.tick }

func (c *bubbleClock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.boot)
}

// suspend has the host sleep.
func (c *bubbleClock) suspend(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot = c.boot.Add(-d)
}

func (c *bubbleClock) Wake(at time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		c.next.Stop()
	}
	c.next = time.AfterFunc(at-time.Since(c.boot), func() {
		select {
		case c.tick <- struct{}{}:
			c.ticks.Add(1)
		default:
		}
	})
	return nil
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) has(text string) bool { return l.count(text) > 0 }

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// errNoNetns is how an absent netns looks.
var errNoNetns = &fs.PathError{Op: "open network namespace", Path: "/run/netns/1", Err: fs.ErrNotExist}

var errDisk = errors.New("no space left on device")

// numbered makes container i, whose netns the kernel knows by number.
func (w *world) numbered(i, number int) int {
	w.container(i)
	at := w.kernel.links[fmt.Sprintf("/run/netns/%d", i)]
	at.Number = number
	w.kernel.add(at)
	return i
}

// request is the request of a container that is there.
func (w *world) request(i int) leaseapi.AcquireRequest {
	at := w.kernel.links[fmt.Sprintf("/run/netns/%d", i)]
	req := w.container(i)
	w.kernel.add(at)
	return req
}

// listed is what List has.
func listed(m tested) []leaseapi.Status { return slices.Collect(m.List()) }
