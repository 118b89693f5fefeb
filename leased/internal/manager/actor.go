// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"net/netip"
	"runtime/debug"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
)

// entry is one attachment in the map. What stands first is guarded by the
// Manager's mutex; job belongs to the goroutine that empties the inbox.
type entry struct {
	m       *Manager
	key     string
	inbox   []func(*entry)
	running bool
	due     clock.Instant
	index   int // in the timer heap; -1: not in it
	shown   *snapshot
	place   kernel.Place // of the job
	host    string       // what its link hangs on
	client  string       // see clientOf
	lives   bool         // there is a container
	addr    netip.Addr
	gate    gate
	hears   bool // router advertisements
	waits   bool // somebody waits for what they bring

	job *job // nil: nothing to do for this attachment, any more or yet
}

// maxInbox bounds what a flood of messages can pile up; requests always get in.
const maxInbox = 64

// post has do called by the attachment's actor, and makes the attachment where
// it is missing. It returns false when the Manager has stopped.
func (m *Manager) post(key string, do func(*entry)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	e := m.entries[key]
	if e == nil {
		e = &entry{m: m, key: key, index: -1, due: clock.Never}
		m.entries[key] = e
	}
	e.put(do)
	return true
}

// deliver is post for what comes from the wire. A message may be lost; the last
// one, which says that no other will come, may not.
func (e *entry) deliver(last bool, do func(*entry)) {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if !e.m.closed && e.m.entries[e.key] == e && (last || len(e.inbox) < maxInbox) {
		e.put(do)
	}
}

// put needs the mutex.
func (e *entry) put(do func(*entry)) {
	e.inbox = append(e.inbox, do)
	if !e.running {
		e.running = true
		e.m.work.Go(e.run)
	}
}

// run empties the inbox.
func (e *entry) run() {
	e.m.hands.take()
	defer e.m.hands.put()
	for do := e.next(); do != nil; do = e.next() {
		e.guard(do)
		e.guard((*entry).after)
	}
}

// guard lets a panic cost no more than the attachment it came from. The record
// stays, for the next leased; the kernel ends the address on time.
func (e *entry) guard(do func(*entry)) {
	defer func() {
		if r := recover(); r != nil && e.job != nil {
			e.job.log().Error("panic", "err", r, "stack", string(debug.Stack()))
			e.job.hangUp()
			e.job.deafen()
			e.job.six.hangUp()
			e.job.six.deafen()
			e.answer(result{err: errors.New("leased failed; see: journalctl -u leased")})
			e.quit()
		}
	}()
	do(e)
}

// after follows each message: the end that the message has found, and a look at the
// kernel that it has made due.
func (e *entry) after() {
	e.conclude()
	if e.job != nil && !e.job.held && e.job.six.on() && e.now() >= e.job.six.lookAt {
		e.look6()
		e.conclude()
	}
}

// next takes from the inbox; nil means that it is empty and the actor at rest.
func (e *entry) next() func(*entry) {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if len(e.inbox) == 0 {
		e.rest()
		return nil
	}
	if e.m.closed { // what has come meanwhile is the next leased's
		e.running, e.inbox = false, nil
		return nil
	}
	do := e.inbox[0]
	e.inbox = e.inbox[1:]
	return do
}

// rest needs the mutex. It shows the attachment as it now is and sets its timer,
// or forgets it when it has ended.
func (e *entry) rest() {
	e.running, e.inbox = false, nil
	defer e.m.count()
	if e.job == nil {
		e.m.timers.remove(e)
		delete(e.m.entries, e.key)
		return
	}
	if len(e.job.waiters) == 0 {
		e.job.six.deafen()
	}
	if e.job.conn == nil && e.job.six.silent() { // no exchange: nothing is to pin the netns
		e.m.cfg.Kernel.Leave(e.job.place)
	}
	e.shown, e.waits = e.job.snapshot(), len(e.job.waiters) > 0
	if e.m.timers.set(e, e.job.due()) {
		e.m.armLocked()
	}
}

// show shows the attachment as it is now, before somebody is told of it.
func (e *entry) show() {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	e.shown = e.job.snapshot()
}

// count needs the mutex. What only runs out keeps nobody up: it is on disk.
func (m *Manager) count() {
	n := len(m.entries) - m.parked
	if n != m.counted && m.cfg.Changed != nil {
		m.counted = n
		m.cfg.Changed(n)
	}
}
