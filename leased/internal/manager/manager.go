// SPDX-License-Identifier: Apache-2.0

// Package manager is step 4 of the way of a lease: the registry of the attachments. Each
// attachment has an actor: what happens to it (a request, a message, a timer) is put into
// the actor's inbox, and one goroutine empties the inbox and ends. An attachment at rest
// is a struct and an entry in one timer heap: no goroutine, thread or descriptor.
package manager

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"net"
	"os"
	"sync"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/store"
)

// Manager owns all attachments.
type Manager struct {
	cfg     Config
	env     attachment.Env
	memory  *store.Background
	events  *event.Limit // of what becomes a line of the log
	workers *workers
	holds   *holds
	formers *formers
	work    sync.WaitGroup // actors and receivers
	stopped chan struct{}  // closed when Run's context ends

	// context is Run's context. It is set before the first actor runs.
	context func() context.Context

	guarded []kernel.Use // by the leased before; until Run
	seed    maphash.Seed // of nameOf

	mu      sync.Mutex // guards all that follows, and the first fields of each actor
	state   state
	actors  map[string]*actor // by key
	netns   map[int][]*actor  // by number of the netns
	counted int               // what Changed was told last
	timers  timers
}

// state is whether actors may run.
type state uint8

const (
	waiting state = iota // for Run; messages pile up. The zero is right.
	running
	closed
)

// New makes a Manager with the records of this boot. The error names the records that
// cannot be read and were set aside; the Manager is good all the same. Attachments wait
// for Run.
func New(cfg Config) (*Manager, error) {
	m := &Manager{
		cfg: cfg, memory: store.NewBackground(saver(cfg.Memory), cfg.Log), holds: newHolds(), formers: newFormers(),
		events: event.NewLimit(cfg.Log), stopped: make(chan struct{}), actors: map[string]*actor{}, netns: map[int][]*actor{},
		seed: maphash.MakeSeed(),
	}
	m.workers = newWorkers(&m.work)
	m.env = attachment.Env{
		Kernel: cfg.Kernel, Store: cfg.Store, Memory: m.memory, Events: m.events, Now: m.now, Rand: cfg.Rand, BootID: cfg.BootID,
		LANs: lan.New(lan.Config{Log: cfg.Log, Now: m.now, Spawn: m.spawn, Listen: func(host string) (lan.Listener, error) { return cfg.Kernel.LANRouters(host) }}),
	}
	return m, m.restore()
}

// saver keeps a nil Store nil.
func saver(s Store) store.Saver {
	if s == nil {
		return nil
	}
	return s
}

// Run fires timers until ctx ends, and then waits for what is under way. Leases are kept:
// in the kernel, on disk, at the server.
func (m *Manager) Run(ctx context.Context) {
	m.reguard()
	m.begin(ctx)
	m.work.Go(func() { m.memory.Run(ctx) })
	m.work.Go(func() { m.events.Run(ctx) })
	for {
		select {
		case <-m.cfg.Clock.C():
			m.fire()
		case <-ctx.Done():
			close(m.stopped)
			m.mu.Lock()
			m.state = closed
			m.mu.Unlock()
			m.work.Wait()
			m.memory.Flush()
			m.events.Flush()
			return
		}
	}
}

// reguard comes before the actors: a start would find a table with other ports' rules.
func (m *Manager) reguard() {
	if err := m.cfg.Kernel.Reguard(m.guarded); err != nil {
		m.cfg.Log.Error("guard the containers' ports again", "err", err)
	}
	m.guarded = nil
}

// begin lets the actors run that have messages, and those that are due. Suspects come when all
// others have had their turn, which does not end while the mutex is held.
func (m *Manager) begin(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.context = func() context.Context { return ctx }
	m.state = running
	for _, x := range m.actors {
		if len(x.inbox) > 0 && !x.suspect {
			x.wakeLocked(turn{})
		}
	}
	m.fireLocked()
	for _, x := range m.actors {
		if x.suspect && len(x.inbox) > 0 {
			x.wakeLocked(turn{})
		}
	}
}

// spawn starts a goroutine for which Run waits.
func (m *Manager) spawn(run func(ctx context.Context)) { m.work.Go(func() { run(m.context()) }) }

// errStopping is what callers get while leased stops.
var errStopping = errors.New("leased is stopping; try again")

// Acquire gets a lease for the attachment and applies it; asked again on the same link it
// answers with the lease that there is. Without a lease in time it fails with an
// *leaseapi.Error, or returns nil where the request says to continue. undo takes back
// what this call has done, for an answer that does not reach the caller; the end of ctx
// does the same.
func (m *Manager) Acquire(ctx context.Context, req request.Request) (l *leaseapi.Lease, undo func(), err error) {
	waiter, answer := attachment.NewWaiter(nil)
	c := &call{m: m, key: req.Attachment.Key(), waiter: waiter, look: lookAt(&req)}
	if !m.post(c.key, func(x *actor) { c.begin(ctx, x) }) {
		return nil, nil, errStopping
	}
	r, err := c.wait(ctx, answer, req.Policy.Timeout)
	if err != nil {
		return nil, nil, err
	}
	return r.Lease, c.undo, r.Err
}

// Setup makes the attachment's link in a netns, which it takes over, and is Acquire then. tell
// gets the answer; the actor calls it, so it must not block. It reports whether the caller has
// the answer, who may hang up then. Setup returns when tell was called, or with an error when
// it was not.
func (m *Manager) Setup(ctx context.Context, s request.Setup, netns *os.File, tell Tell) (undo func(), err error) {
	if s.Netavark { // Podman's other starts wait for this one
		s.LimitTime(m.env.LANs.TimeToStart)
	}
	waiter, answer := attachment.NewWaiter(func(r attachment.Result) bool { return tell(r.MAC, r.Lease, r.Err) })
	at, resident := m.resident(s, netns)
	s.Wanted.Attachment = leaseapi.Attachment(at)
	c := &call{m: m, key: at.Key(), waiter: waiter, look: lookAhead(s, netns), resident: resident}
	began := m.now()
	if !m.begins(c.key, func(x *actor) { c.begin(ctx, x) }) {
		netns.Close()
		return nil, errStopping
	}
	// begins may have made the link meanwhile, and have waited for spanning tree.
	_, err = c.wait(ctx, answer, s.Wanted.Options.LeaseTimeout-m.now().Sub(began))
	return c.undo, err
}

// Tell gives a caller its answer, and reports whether the caller has it.
type Tell = func(mac net.HardwareAddr, l *leaseapi.Lease, err error) bool

// Teardown is Release, and deletes the link in netns then, which it takes over; nil: there is
// no netns any more.
func (m *Manager) Teardown(ctx context.Context, a request.Attachment, netns *os.File) error {
	return m.release(ctx, a.Key(), func(x *actor) error {
		if netns == nil {
			x.end("released")
			return nil
		}
		p, err := m.cfg.Kernel.Adopt(netns, "", a.Interface)
		if err != nil {
			x.end("released")
			return err
		}
		defer m.cfg.Kernel.Leave(p)
		return x.tearDown(p)
	})
}

// Release ends the attachment's lease as its policy says. An unknown attachment is no
// error.
func (m *Manager) Release(ctx context.Context, a request.Attachment) error {
	return m.release(ctx, a.Key(), func(x *actor) error { x.end("released"); return nil })
}

// release has the actor of key end its attachment.
func (m *Manager) release(ctx context.Context, key string, end func(x *actor) error) error {
	done := make(chan error, 1)
	ended := func(x *actor) {
		var err error
		defer func() { done <- err }()
		err = end(x)
	}
	if !m.post(key, ended) {
		return errStopping
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-m.stopped:
		return errStopping
	}
}

// ReleaseContainer is Release for all attachments of a container. With an owner, an attachment
// that has none and whose link is still there may be that of another container.
func (m *Manager) ReleaseContainer(ctx context.Context, containerID, owner string) error {
	for _, key := range m.keysOf(containerID, owner) {
		if _, lives := m.lives(key); lives && owner != "" && !request.IsOwned(key) {
			continue
		}
		if err := m.release(ctx, key, func(x *actor) error { x.end("released"); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// NoteResolvConf tells all attachments of a container which resolv.conf it has.
func (m *Manager) NoteResolvConf(n request.Note) {
	for _, key := range m.keysOf(n.ContainerID, n.Owner) {
		m.post(key, func(x *actor) { x.note(n) })
	}
}

// keysOf are the keys of a container's attachments.
func (m *Manager) keysOf(containerID, owner string) (mine []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.actors {
		if request.IsOf(key, containerID, owner) {
			mine = append(mine, key)
		}
	}
	return mine
}

// List is all attachments as they are when it begins. A slow reader delays no attachment.
func (m *Manager) List() iter.Seq[leaseapi.Status] {
	return func(yield func(leaseapi.Status) bool) {
		m.mu.Lock()
		all := make([]*attachment.Snapshot, 0, len(m.actors))
		for _, x := range m.actors {
			if s := x.showLocked(); s != nil {
				all = append(all, s)
			}
		}
		m.mu.Unlock()
		now := m.now()
		for _, s := range all {
			if !yield(s.Status(now)) {
				return
			}
		}
	}
}

// NetnsEnded tells the Manager that network namespaces with these numbers have ended, or
// with missed that any may have. The kernel uses numbers again, so each attachment that
// may be concerned is checked.
func (m *Manager) NetnsEnded(numbers []int, missed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if missed {
		for _, x := range m.actors {
			x.putLocked(x.check)
		}
		return
	}
	for _, n := range numbers {
		for _, x := range m.netns[n] {
			x.putLocked(x.check)
		}
	}
}

func (m *Manager) now() clock.Instant { return clock.Instant(m.cfg.Clock.Now()) }

// Len is the number of attachments.
func (m *Manager) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.actors)
}

var _ Kernel = kernel.Linux{}
