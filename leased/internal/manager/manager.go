// SPDX-License-Identifier: Apache-2.0

// Package manager is step 5 of the way of a lease: it owns the attachments. Each
// is an actor: what happens to it (a request, a message, a timer) is put into its
// inbox, and one goroutine empties the inbox and ends. An attachment at rest is a
// struct and an entry in one timer heap: no goroutine, thread or descriptor.
package manager

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/segment"
)

// Clock tells the time since the host booted and has one timer.
type Clock interface {
	Now() time.Duration
	// Wake sets the timer: one tick on C at that time.
	Wake(at time.Duration) error
	C() <-chan struct{}
}

// Store keeps records by key.
type Store interface {
	Save(key string, record any) error
	Delete(key string) error
	// Load passes over the keys in but, and returns which of them have no record.
	Load(each func(record []byte) error, but ...string) (absent []string, err error)
}

// Config is what a Manager stands on. All of it is required but Memory and Changed.
type Config struct {
	Log    *slog.Logger
	Clock  Clock
	Kernel Kernel
	Store  Store         // of this boot
	Memory Store         // of what outlives a reboot; nil: nothing does
	Rand   func() uint64 // unpredictable
	BootID string        // tells this boot from others
	// Changed is called with the number of attachments when that changes. It must
	// not call the Manager.
	Changed func(n int)
}

// Manager owns all attachments.
type Manager struct {
	cfg  Config
	ctx  context.Context // ends with Run; receivers live in it
	work sync.WaitGroup  // actors and receivers

	memory   *memos
	hands    hands
	standIns chan struct{} // one for each that is being made

	rewriters chan struct{} // one for each resolv.conf that is being rewritten

	mu      sync.Mutex
	closed  bool
	entries map[string]*entry
	counted int // what Changed was told last
	timers  timers

	segments map[string]*segment.Segment[*entry] // by host interface
	holds    map[string]*hold                    // by client
	parked   int                                 // holds that only run out
	addrs    map[at]*entry                       // who has which address
	ears     map[string]*ear                     // by host interface
}

// maxStandIns bounds how many stand-ins are made at once; each takes the kernel
// tens of milliseconds, and a host may give back hundreds of leases.
const maxStandIns = 4

const maxRewriters = 2

// New makes a Manager that has what the store has of this boot. What cannot be
// read is set aside and is the error; the Manager is good all the same.
func New(ctx context.Context, cfg Config) (*Manager, error) {
	m := &Manager{
		cfg: cfg, ctx: ctx, memory: newMemos(cfg.Memory, cfg.Log), hands: newHands(), standIns: make(chan struct{}, maxStandIns), rewriters: make(chan struct{}, maxRewriters),
		entries: map[string]*entry{}, segments: map[string]*segment.Segment[*entry]{},
		holds: map[string]*hold{}, addrs: map[at]*entry{}, ears: map[string]*ear{},
	}
	return m, m.restore()
}

// Run fires timers until the context of New ends, and then waits for what is
// under way. Leases are kept: in the kernel, on disk, at the server.
func (m *Manager) Run() {
	m.arm()
	m.work.Go(func() { m.memory.run(m.ctx) })
	for {
		select {
		case <-m.cfg.Clock.C():
			m.fire()
		case <-m.ctx.Done():
			m.mu.Lock()
			m.closed = true
			m.mu.Unlock()
			m.work.Wait()
			m.memory.flush()
			return
		}
	}
}

// errStopping is what callers get while leased goes down.
var errStopping = errors.New("leased is stopping; try again")

// result is what an Acquire waits for.
type result struct {
	lease *leaseapi.Lease
	err   error
}

// Acquire gets a lease for the attachment and applies it; asked again on the same
// link it answers with the lease there is. Without a lease in time it fails with
// an *leaseapi.Error, or returns nil where the request says to go on. undo takes
// back what this call has done, and is for an answer that nobody took; ctx's end
// does the same.
func (m *Manager) Acquire(ctx context.Context, req leaseapi.AcquireRequest) (*leaseapi.Lease, func(), error) {
	answer := make(chan result, 1)
	var place kernel.Place // the actor's, to whom it all is left: there may be hundreds of us
	begin := func(e *entry) {
		var err error
		if place, err = m.cfg.Kernel.Find(req); err != nil {
			answer <- result{err: err}
			return
		}
		req.Link.Index = place.Index
		e.join(req, place, answer)
	}
	if !m.post(keyOf(req.Attachment), begin) {
		return nil, nil, errStopping
	}
	undo := func() { m.post(keyOf(req.Attachment), func(e *entry) { e.undo(place, answer) }) }
	late := time.NewTimer(time.Duration(req.Policy.TimeoutMS) * time.Millisecond)
	defer late.Stop()
	for {
		select {
		case r := <-answer:
			return r.lease, undo, r.err
		case <-late.C:
			m.post(keyOf(req.Attachment), func(e *entry) { e.late(answer) })
		case <-ctx.Done():
			undo()
			return nil, nil, ctx.Err()
		case <-m.ctx.Done():
			return nil, nil, errStopping
		}
	}
}

// Release ends the attachment's lease as its policy says. One that is not known
// is no error.
func (m *Manager) Release(ctx context.Context, a leaseapi.Attachment) error {
	return m.release(ctx, keyOf(a))
}

func (m *Manager) release(ctx context.Context, key string) error {
	done := make(chan struct{})
	if !m.post(key, func(e *entry) { e.end("released", byPolicy); close(done) }) {
		return errStopping
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.ctx.Done():
		return errStopping
	}
}

// ReleaseContainer is Release for all attachments of a container.
func (m *Manager) ReleaseContainer(ctx context.Context, containerID string) error {
	m.mu.Lock()
	var mine []string
	for key := range m.entries {
		if strings.HasPrefix(key, containerID+"\x00") {
			mine = append(mine, key)
		}
	}
	m.mu.Unlock()
	for _, key := range mine {
		if err := m.release(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// List is all attachments as they are when it begins. Nobody waits for whoever
// takes its time with them.
func (m *Manager) List() iter.Seq[leaseapi.Status] {
	return func(yield func(leaseapi.Status) bool) {
		m.mu.Lock()
		all := make([]*snapshot, 0, len(m.entries))
		for _, e := range m.entries {
			if e.shown != nil {
				all = append(all, e.shown)
			}
		}
		m.mu.Unlock()
		now := clock.Instant(m.cfg.Clock.Now())
		for _, s := range all {
			if !yield(s.status(now)) {
				return
			}
		}
	}
}

func (m *Manager) now() clock.Instant { return clock.Instant(m.cfg.Clock.Now()) }

// Len is the number of attachments.
func (m *Manager) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

func keyOf(a leaseapi.Attachment) string {
	return fmt.Sprintf("%s\x00%s\x00%s", a.ContainerID, a.Network, a.Interface)
}
