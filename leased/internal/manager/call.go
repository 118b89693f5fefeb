// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/attachment"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// call is one Acquire or Setup.
type call struct {
	m      *Manager
	key    string
	waiter *attachment.Waiter
	look   func(c *call, x *actor) error // at the link, or at what it will be

	// Only the actor uses these; look sets them. The attachment keeps the request.
	req   *request.Request
	place kernel.Place
	maker kernel.Maker // nil: the link is there

	limited []event.Limited // of the container's options

	resident bool // the attachment is that of another container in the same netns
}

// post is the manager's, for messages to the attachment that there is.
func (c *call) post(do func(a *attachment.Attachment)) {
	c.m.post(c.key, func(x *actor) {
		if x.at != nil {
			do(x.at)
		}
	})
}

func (c *call) undo() { c.post(func(a *attachment.Attachment) { a.Undo(c.waiter) }) }

// undone is undo, and waits for its end: a leased that stops undoes what its callers wait for.
func (c *call) undone() {
	done := make(chan struct{})
	posted := c.m.post(c.key, func(x *actor) {
		defer close(done)
		if x.at != nil {
			x.at.Undo(c.waiter)
		}
	})
	if !posted {
		return
	}
	select {
	case <-done:
	case <-c.m.stopped:
	}
}

// wait waits for the answer for that long. The end of ctx undoes the call.
func (c *call) wait(ctx context.Context, answer <-chan attachment.Result, timeout time.Duration) (attachment.Result, error) {
	late := time.NewTimer(timeout)
	defer late.Stop()
	for {
		select {
		case r := <-answer:
			return r, nil
		case <-late.C:
			c.post(func(a *attachment.Attachment) {
				if more := a.Owes(); more > 0 {
					late.Reset(more)
					return
				}
				a.Late(c.waiter)
			})
		case <-ctx.Done():
			c.undone()
			return attachment.Result{}, ctx.Err()
		case <-c.m.stopped:
			return attachment.Result{}, errStopping
		}
	}
}

// begin looks at the link and starts the attachment, or waits along for the lease. All of
// it is the actor's work: there may be hundreds of calls.
func (c *call) begin(ctx context.Context, x *actor) {
	defer c.answerAfterPanic(x)
	defer c.closeMaker()
	if err := c.look(c, x); err != nil {
		c.turnDown(err)
		return
	}
	c.req.Link.Index = c.place.Index
	c.req.Attachment = c.req.Attachment.Within(x.key)
	c.place.Interface = c.req.Attachment.Interface
	if old := x.at; old != nil && old.Phase() != attachment.Held && old.Place().Same(c.place) {
		if err := c.elsewhere(old); err != nil {
			c.turnDown(err)
			return
		}
		c.m.cfg.Kernel.Leave(c.place) // the attachment has its own session
		old.Join(c.waiter)
		return
	}
	on := attachment.Join(&c.m.env, x.key, c.req, c.place)
	defer func() {
		if x.at == nil || x.at.LAN() != on {
			on.Leave()
		}
	}()
	if err := c.claim(x, on); err != nil {
		c.turnDown(err)
		return
	}
	k := c.inherit(x)
	x.Numbered(c.place.Number)
	x.at = attachment.New(&c.m.env, x, c.req, c.place, on, k)
	x.at.Begin(c.waiter, c.making(ctx))
	x.hang(c.req)
	for _, l := range c.limited {
		x.at.Emit(l)
	}
}

// turnDown answers a call that begins nothing.
func (c *call) turnDown(err error) {
	c.m.cfg.Kernel.Leave(c.place)
	c.waiter.Answer(attachment.Result{Err: err})
}

func (c *call) closeMaker() {
	if c.maker != nil {
		c.maker.Close()
	}
}

// making is how the attachment makes its link; nil: the link is there.
func (c *call) making(ctx context.Context) func(at kernel.Place) (kernel.Place, kernel.Hindrance, error) {
	if c.maker == nil {
		return nil
	}
	return func(at kernel.Place) (kernel.Place, kernel.Hindrance, error) {
		at, err := c.maker.Make(ctx, at, c.m.workers.pause)
		l := c.maker.Link()
		return at, kernel.Hindrance{NoCarrier: l.NoCarrier, Blocked: l.Blocked, Raised: l.Raised}, err
	}
}

// lookAt is the look of an Acquire, whose link is there.
func lookAt(req *request.Request) func(c *call, x *actor) error {
	return func(c *call, _ *actor) (err error) {
		c.req = req
		c.place, err = c.m.cfg.Kernel.Find(req.Link, req.Attachment.Interface)
		return err
	}
}

// lookAhead is the look of a Setup, whose link is to be made. The link is there already if
// a killed leased has made it and has its lease on disk, or if a caller asks twice.
func lookAhead(s request.Setup, netns *os.File) func(c *call, x *actor) error {
	return func(c *call, x *actor) error {
		k, w := c.m.cfg.Kernel, s.Wanted
		var err error
		if c.place, err = k.Adopt(netns, w.Netns, w.Attachment.Interface); err != nil {
			return refused(err)
		}
		spec, err := s.Link()
		if err != nil {
			return refused(err)
		}
		if c.maker, err = k.Maker(spec); err != nil {
			return refused(err)
		}
		link := c.maker.Link()
		c.m.env.LANs.Same(attach.LAN(spec.Host, spec.VLAN), attach.LAN(cmp.Or(link.On, spec.Host), spec.VLAN))
		req, err := s.Request(link)
		if err != nil {
			return refused(err)
		}
		c.req, c.place.MAC = &req, req.Link.MAC
		for _, l := range w.Options.Limited {
			c.limited = append(c.limited, event.Limited{Option: l.Option, To: l.To})
		}
		c.findAgain(x)
		return nil
	}
}

// findAgain takes the link that the attachment has in the same netns, if it is there still. Its
// MAC may be another one than a new link would have: with mac=random.
func (c *call) findAgain(x *actor) {
	if x.at == nil || x.at.Phase() >= attachment.Held {
		return
	}
	old := x.at.Place()
	if old.Cookie != c.place.Cookie {
		return
	}
	if err := c.m.cfg.Kernel.Check(old); err == nil || errors.Is(err, kernel.ErrMAC) {
		old.Session = c.place.Session
		c.place = old
	}
}

// refused is an error for the user.
func refused(err error) error {
	return &leaseapi.Error{Name: leaseapi.ErrorFailed, Message: err.Error()}
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
	if !k.Known() {
		k.V4.Former, k.V6.Former = c.m.formers.of(c.req.ClientKey())
	}
	return k
}
