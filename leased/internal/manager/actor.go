// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"runtime/debug"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// actor is one attachment in the map. The Manager's mutex guards the fields between m and
// at. Only the goroutine that empties the inbox uses at.
type actor struct {
	m       *Manager
	key     string
	inbox   []func()
	running bool
	shimmed bool  // Config.Shim knows of it
	suspect bool  // the leased before was killed at its work: its turns come last
	index   int32 // in the timer heap; -1: not in it
	due     clock.Instant
	shown   *attachment.Snapshot // by List, while the actor works
	netns   int                  // number of the netns, as in Manager.netns
	taken   *takings             // of router advertisements; nil: nothing
	ifindex int32                // of the link in its netns; 0: not known yet
	hung    hung

	at *attachment.Attachment // nil: none yet, or not any more
}

func newActor(m *Manager, key string) *actor {
	return &actor{m: m, key: key, index: -1, due: clock.Never, netns: kernel.Unnumbered}
}

// suspicion is how long a suspect has to rest to be as good as any.
const suspicion = time.Minute

// maxInbox bounds the messages that a flood can pile up; requests always get in.
const maxInbox = 64

// post has the actor of key call do, and makes the actor where it is missing. It returns
// false when the Manager has stopped.
func (m *Manager) post(key string, do func(x *actor)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.actorLocked(key)
	if x == nil {
		return false
	}
	x.putLocked(func() { do(x) })
	return true
}

// begins is post for a do that makes a link. The caller's goroutine does the work if its turn
// has come.
func (m *Manager) begins(key string, do func(x *actor)) bool {
	m.mu.Lock()
	x := m.actorLocked(key)
	if x == nil {
		m.mu.Unlock()
		return false
	}
	work := x.addLocked(func() { do(x) }, turn{link: true, here: true})
	m.mu.Unlock()
	if work != nil {
		work()
	}
	return true
}

// actorLocked is the actor of key, a new one if there is none; nil: the Manager has stopped.
func (m *Manager) actorLocked(key string) *actor {
	if m.state == closed {
		return nil
	}
	x := m.actors[key]
	if x == nil {
		x = newActor(m, key)
		m.actors[key] = x
	}
	return x
}

func (x *actor) putLocked(do func()) { x.addLocked(do, turn{}) }

// addLocked puts do into the inbox. It may return work, for a caller that is here.
func (x *actor) addLocked(do func(), t turn) (work func()) {
	if x.m.state == closed {
		return nil
	}
	x.inbox = append(x.inbox, do)
	if x.m.state != running {
		return nil
	}
	return x.wakeLocked(t)
}

func (x *actor) wakeLocked(t turn) (work func()) {
	if x.running {
		return nil
	}
	x.running, x.shown = true, x.showLocked()
	t.last = x.suspect
	return x.m.workers.start(x, t)
}

// run empties the inbox.
func (x *actor) run(first func()) {
	mark := x.m.cfg.Working.Begin(x.key)
	defer x.m.cfg.Working.End(mark)
	if x.at != nil {
		x.at.Wake()
	}
	for do := x.next(); do != nil; do = x.next() {
		x.guard(do)
		x.guard(x.after)
		if first != nil {
			first()
			first = nil
		}
	}
	if x.m.cfg.Worked != nil {
		x.m.cfg.Worked()
	}
}

// guard has a panic cost no more than the attachment it came from.
func (x *actor) guard(do func()) {
	defer func() {
		if r := recover(); r != nil && x.at != nil {
			x.at.Abandon(r, string(debug.Stack()))
			x.at = nil
		}
	}()
	do()
}

// after follows each message.
func (x *actor) after() {
	if x.at == nil {
		return
	}
	if x.at.After(); x.at.Phase() == attachment.Over {
		x.at = nil
	}
}

// next takes a message from the inbox; nil: the inbox is empty, and the actor rests.
func (x *actor) next() func() {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	if len(x.inbox) == 0 {
		x.restLocked()
		return nil
	}
	if x.m.state == closed { // messages that came meanwhile are the next leased's
		x.running, x.inbox = false, nil
		return nil
	}
	do := x.inbox[0]
	x.inbox = x.inbox[1:]
	return do
}

// restLocked shows the attachment as it now is and sets its timer, or forgets the actor
// when there is no attachment.
func (x *actor) restLocked() {
	x.running, x.inbox, x.shown = false, nil, nil
	defer x.m.countLocked()
	x.shimLocked()
	if x.at == nil {
		x.m.timers.remove(x)
		x.numberLocked(kernel.Unnumbered)
		delete(x.m.actors, x.key)
		return
	}
	x.ifindex = int32(x.at.Request().Link.Index)
	x.at.Rest()
	due := x.at.Due()
	x.suspect = x.suspect && due < x.m.now().Add(suspicion)
	if x.m.timers.set(x, due) {
		x.m.armLocked()
	}
}

// showLocked is what List shows; nil: nothing yet. The attachment of an actor that works is
// the actor's.
func (x *actor) showLocked() *attachment.Snapshot {
	if x.running || x.at == nil {
		return x.shown
	}
	return x.at.Snapshot()
}

// countLocked tells a change of the number of attachments. Leases that only expire keep
// leased from no rest: they are on disk.
func (m *Manager) countLocked() {
	n := len(m.actors) - m.holds.parked()
	if n != m.counted && m.cfg.Changed != nil {
		m.counted = n
		m.cfg.Changed(n)
	}
}

func (x *actor) numberLocked(n int) {
	if x.netns != kernel.Unnumbered {
		rest := slices.DeleteFunc(x.m.netns[x.netns], func(other *actor) bool { return other == x })
		if x.m.netns[x.netns] = rest; len(rest) == 0 {
			delete(x.m.netns, x.netns)
		}
	}
	if x.netns = n; n != kernel.Unnumbered {
		x.m.netns[n] = append(x.m.netns[n], x)
	}
}

// Messages that are not an attachment's own.

func (x *actor) tick() {
	if x.at != nil {
		x.at.Tick()
	}
}

func (x *actor) check() {
	if x.at != nil {
		x.at.Check()
	}
}

func (x *actor) flooded() {
	if x.at != nil {
		x.at.Flooded()
	}
}

func (x *actor) note(n request.Note) {
	if x.at != nil {
		x.at.Note(n)
	}
}

func (x *actor) end(why string) {
	if x.at != nil {
		x.at.End(why, attachment.ByPolicy)
	}
}

func (x *actor) forget(why string) {
	if x.at != nil {
		x.at.Forget(why)
	}
}

func (x *actor) dismiss() {
	if x.at != nil {
		x.at.Dismiss()
	}
}
