// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"

	"podman-net-dhcp/leased/internal/attachment"
)

// An actor is its attachment's attachment.Host.
var _ attachment.Host = (*actor)(nil)

// Key names the attachment's record.
func (x *actor) Key() string { return x.key }

// Post puts do into the inbox, and reports whether it did.
func (x *actor) Post(last bool, do func()) bool {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	if !x.takesLocked(last) {
		return false
	}
	x.putLocked(do)
	return true
}

// Deliver is Post for a receiver of messages, whose goroutine then does the work if the actor
// rests.
func (x *actor) Deliver(last bool, do func()) {
	x.m.mu.Lock()
	var work func()
	if x.takesLocked(last) {
		work = x.addLocked(do, turn{here: true})
	}
	x.m.mu.Unlock()
	if work != nil {
		work()
	}
}

// takesLocked reports whether the inbox takes a message.
func (x *actor) takesLocked(last bool) bool {
	return x.m.state != closed && x.m.actors[x.key] == x && (last || len(x.inbox) < maxInbox)
}

// Show replaces what List shows.
func (x *actor) Show(s *attachment.Snapshot) {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	x.shown = s
}

// Numbered notes the number of the netns.
func (x *actor) Numbered(netns int) {
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	x.numberLocked(netns)
}

// Spawn starts a goroutine; its context ends with Run's.
func (x *actor) Spawn(run func(ctx context.Context)) { x.m.spawn(run) }

// Wait calls wait while other actors work.
func (x *actor) Wait(wait func(ctx context.Context)) {
	x.m.workers.free(func() { wait(x.m.context()) })
}

// StandIn waits for its turn while other actors work, and then calls make.
func (x *actor) StandIn(make func()) {
	x.m.workers.free(func() { x.m.workers.standIns <- struct{}{} })
	defer func() { <-x.m.workers.standIns }()
	make()
}

// Rewrite calls write while other actors work: a file system may hang.
func (x *actor) Rewrite(write func()) {
	x.m.workers.free(func() {
		x.m.workers.rewriters <- struct{}{}
		defer func() { <-x.m.workers.rewriters }()
		write()
	})
}
