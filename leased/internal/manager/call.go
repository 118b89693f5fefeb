// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"runtime/debug"

	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// call is one Acquire.
type call struct {
	m      *Manager
	req    *request.Request // the attachment keeps it
	waiter *attachment.Waiter
	place  kernel.Place // only the actor uses it
}

// post is the manager's, for messages to the attachment that there is.
func (c *call) post(do func(a *attachment.Attachment)) {
	c.m.post(c.req.Attachment.Key(), func(x *actor) {
		if x.at != nil {
			do(x.at)
		}
	})
}

func (c *call) undo() { c.post(func(a *attachment.Attachment) { a.Undo(c.place, c.waiter) }) }

// begin looks at the link and starts the attachment, or waits along for the lease. All of
// it is the actor's work: there may be hundreds of calls.
func (c *call) begin(x *actor) {
	defer c.answerAfterPanic(x)
	var err error
	if c.place, err = c.m.cfg.Kernel.Find(c.req.Link, c.req.Attachment.Interface); err != nil {
		c.waiter.Answer(attachment.Result{Err: err})
		return
	}
	c.req.Link.Index = c.place.Index
	k := c.inherit(x)
	if x.at != nil {
		c.m.cfg.Kernel.Leave(c.place) // the attachment has its own session
		x.at.Join(c.waiter)
		return
	}
	x.Numbered(c.place.Number)
	x.at = attachment.New(&c.m.env, x, c.req, c.place, k)
	x.at.Begin(c.waiter)
}

// answerAfterPanic answers a call that a panic has left without an attachment.
func (c *call) answerAfterPanic(x *actor) {
	if x.at != nil {
		return // the attachment answers
	}
	if r := recover(); r != nil {
		c.m.cfg.Log.Error("panic", "err", r, "stack", string(debug.Stack()))
		c.m.cfg.Kernel.Leave(c.place)
		c.waiter.Answer(attachment.Result{Err: attachment.ErrFailed})
	}
}

// inherit ends the attachment of an earlier container on another link. If the new
// container is the same DHCP client, inherit returns the leases to ask for: the earlier
// container's, or held ones.
func (c *call) inherit(x *actor) (k attachment.Kept) {
	switch old := x.at; {
	case old == nil:
	case old.Phase() != attachment.Held && old.Place().Same(c.place):
		return k
	case old.Request().ClientKey() != c.req.ClientKey():
		how := attachment.GiveBack
		if old.Phase() == attachment.Held && !x.Claim() {
			how = attachment.Discard
		}
		old.End("replaced", how)
	case old.Phase() == attachment.Held:
		k = c.m.take(c.req.ClientKey(), x)
		old.End("taken back", attachment.Discard)
	default:
		k = old.Yield()
	}
	x.at = nil
	if !k.Known() {
		k = c.m.take(c.req.ClientKey(), x)
	}
	return k
}
