// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"context"
	"time"

	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/request"
)

// A link that took longer than slowLink to make has waited for spanning tree, and leaves the
// servers at least timeToAsk to answer.
const (
	slowLink  = time.Second
	timeToAsk = 2 * time.Second
)

// Owes is how long the requests must wait on, beyond their time: the link took most of it.
func (a *Attachment) Owes() time.Duration {
	if a.activity == nil {
		return 0
	}
	return max(a.owed.Sub(a.Now()), 0)
}

// hinder tells of a link that cannot reach its LAN. A request that may continue without a lease
// does so at once: nobody can answer.
func (a *Attachment) hinder(h kernel.Hindrance) {
	if h.Raised {
		a.Emit(event.Raised{Host: a.req.Link.Host})
	}
	if !h.NoCarrier && h.Blocked == 0 {
		return
	}
	a.Emit(event.Hindered{Host: a.req.Link.Host, Blocked: h.Blocked})
	if a.req.Policy.OnTimeout != request.Continue {
		return
	}
	waiters := a.waiters
	a.waiters = nil
	for _, w := range waiters {
		a.goOn(w)
	}
}

// goOn answers a request that continues without a lease, or with what there is of one.
func (a *Attachment) goOn(w *Waiter) {
	shown := a.Snapshot()
	names := shown.names()
	a.resolves, a.unowned = &names, false
	a.save(lease4.Lease{})
	w.Answer(Result{Lease: shown.reply(a.Now()), MAC: a.req.Link.MAC})
}

// enqueueLater is Enqueue as soon as the bridge lets the port forward.
func (a *Attachment) enqueueLater(after time.Duration) {
	a.Spawn(func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-time.After(after):
			a.host.Post(true, func() {
				if a.phase == Queued {
					a.Enqueue()
				}
			})
		}
	})
}
