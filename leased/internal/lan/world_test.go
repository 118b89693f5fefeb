// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/leased/internal/clock"
)

var router = netip.MustParseAddr("fe80::1")

// world is the outside of some LANs, in a synctest bubble.
type world struct {
	t    *testing.T
	lans *LANs
	log  strings.Builder

	work   sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
	opens  atomic.Int32 // calls of Listen
	delay  time.Duration
	fail   error

	unchecked bool // wantUnlocked is off: it is slow where many wait for a mutex

	mu        sync.Mutex
	listeners []*fakeListener
}

// inWorld runs do, ends the daemon, and wants that no listener is left open.
func inWorld(t *testing.T, do func(w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		do(w)
		w.cancel()
		w.work.Wait()
		if n := w.open(); n != 0 {
			t.Errorf("%d listeners are open at the end", n)
		}
	})
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.ctx, w.cancel = context.WithCancel(t.Context())
	begin := time.Now()
	w.lans = New(Config{
		Log:    slog.New(slog.NewTextHandler(&w.log, nil)),
		Now:    func() clock.Instant { return start.Add(time.Since(begin)) },
		Spawn:  func(run func(context.Context)) { w.wantUnlocked("Spawn"); w.work.Go(func() { run(w.ctx) }) },
		Listen: w.listen,
	})
	return w
}

// wantUnlocked wants that the caller holds no mutex. Another goroutine may, for a moment.
func (w *world) wantUnlocked(during string) {
	w.t.Helper()
	if w.unchecked {
		return
	}
	if !isFree(&w.lans.mu) {
		w.t.Errorf("%s is called with the mutex of all LANs held", during)
		return
	}
	w.lans.mu.Lock()
	all := slices.Collect(maps.Values(w.lans.byHost))
	w.lans.mu.Unlock()
	for _, l := range all {
		if !isFree(&l.mu) {
			w.t.Errorf("%s is called with the mutex of %s held", during, l.host)
		}
	}
}

func isFree(mu *sync.Mutex) bool {
	for range 100_000 {
		if mu.TryLock() {
			mu.Unlock()
			return true
		}
		runtime.Gosched()
	}
	return false
}

func (w *world) listen(string) (Listener, error) {
	w.wantUnlocked("Listen")
	w.opens.Add(1)
	time.Sleep(w.delay)
	if w.fail != nil {
		return nil, w.fail
	}
	f := w.newListener()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listeners = append(w.listeners, f)
	return f, nil
}

// open counts the LANs' open listeners.
func (w *world) open() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.listeners {
		if !f.isClosed() {
			n++
		}
	}
	return n
}

// hear has all open listeners of LANs hear the same.
func (w *world) hear(a arrival) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.listeners {
		if !f.isClosed() {
			f.in <- a
		}
	}
}

// told is a member that counts what it is told.
type told struct {
	*Member
	admitted, advertised atomic.Int32
	full                 atomic.Bool
}

func (w *world) join(id Identity) *told {
	m := &told{}
	m.Member = w.lans.Join(id)
	m.Heed(notices{w, m})
	return m
}

// notices is a member as its LAN calls it.
type notices struct {
	w *world
	m *told
}

func (n notices) Admitted() { n.w.wantUnlocked("Admitted"); n.m.admitted.Add(1) }

func (n notices) Advertised() bool {
	n.w.wantUnlocked("Advertised")
	if n.m.full.Load() {
		return false
	}
	n.m.advertised.Add(1)
	return true
}

// member is the i-th container of br0.
func (w *world) member(i int) *told { return w.join(numbered("br0", i)) }

func numbered(host string, i int) Identity {
	return Identity{
		Host: host, Client: fmt.Sprint("client", i), Cookie: uint64(i),
		MAC: net.HardwareAddr{2, 0, 0, 0, byte(i >> 8), byte(i)},
	}
}

// wantTold wants that a member was told so often since the last call.
func (w *world) wantTold(m *told, n int32) {
	w.t.Helper()
	synctest.Wait()
	if got := m.advertised.Swap(0); got != n {
		w.t.Errorf("told %d times, want %d", got, n)
	}
}

// wantOpens wants so many calls of Listen in all, and so many open listeners.
func (w *world) wantOpens(opens int32, open int) {
	w.t.Helper()
	synctest.Wait()
	if w.opens.Load() != opens || w.open() != open {
		w.t.Errorf("opened %d times, want %d; %d are open, want %d", w.opens.Load(), opens, w.open(), open)
	}
}

type arrival struct {
	icmp []byte
	err  error
}

type fakeListener struct {
	w      *world
	broken error // what Receive returns after Close; nil: net.ErrClosed
	in     chan arrival
	closed chan struct{}
	once   sync.Once
}

func (w *world) newListener() *fakeListener {
	return &fakeListener{w: w, in: make(chan arrival, 16), closed: make(chan struct{})}
}

func (f *fakeListener) Receive(ctx context.Context) ([]byte, netip.Addr, error) {
	select {
	case a := <-f.in:
		return a.icmp, router, a.err
	case <-f.closed:
		return nil, netip.Addr{}, cmp.Or(f.broken, net.ErrClosed)
	case <-ctx.Done():
		return nil, netip.Addr{}, ctx.Err()
	}
}

func (f *fakeListener) Close() {
	f.w.wantUnlocked("Close")
	f.once.Do(func() { close(f.closed) })
}

func (f *fakeListener) isClosed() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

// advertisement is a router's with a lifetime of 30 min, with or without the M flag.
func advertisement(managed bool) arrival {
	icmp := make([]byte, 16)
	icmp[0], icmp[6], icmp[7] = 134, 1800>>8, 1800&0xff
	if managed {
		icmp[5] = 0x80
	}
	return arrival{icmp: icmp}
}
