// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/ndp"
)

// routerListener is the subscribers to a LAN's router advertisements and the one listener
// that they share. It lives from the first Subscribe to the last Unsubscribe. The kernel
// reports advertisements only inside the container's netns, and a socket in there would
// pin the netns; so the listener has a link of its own on the LAN, which sends nothing.
type routerListener struct {
	subscribers map[*Member]struct{}
	tried       bool     // to open conn: after a failure not every container tries again
	conn        Listener // nil: not open
}

// Subscribe has the LAN's advertisements reported to the member by Notify.Advertised. With
// waiting each one is, else only those with news. Where the LAN's listener is not open, it
// is opened in the background: a start has a listener of its own and does not wait.
func (m *Member) Subscribe(waiting bool) {
	l := m.lan
	l.mu.Lock()
	if l.listener == nil {
		l.listener = &routerListener{subscribers: map[*Member]struct{}{}}
	}
	r := l.listener
	r.subscribers[m] = struct{}{}
	m.subscribed, m.waiting = true, waiting
	open := !r.tried // and so not open
	r.tried = true
	l.mu.Unlock()
	if open {
		l.all.cfg.Spawn(func(ctx context.Context) { l.listen(ctx, r) })
	}
}

// SetWaiting says whether somebody waits for what the advertisements bring.
func (m *Member) SetWaiting(is bool) {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	m.waiting = is
}

// Subscribed reports whether the member is subscribed.
func (m *Member) Subscribed() bool {
	m.lan.mu.Lock()
	defer m.lan.mu.Unlock()
	return m.subscribed
}

// Unsubscribe ends the subscription. The last one closes the LAN's listener and forgets
// what the routers said: without a listener that may be over unnoticed.
func (m *Member) Unsubscribe() {
	if conn := m.lan.unsubscribe(m); conn != nil { // the end of its link takes the kernel a while
		conn.Close()
	}
}

// unsubscribe returns the listener that is to be closed, or nil.
func (l *lan) unsubscribe(m *Member) (last Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !m.subscribed {
		return nil
	}
	m.subscribed = false
	r := l.listener
	if delete(r.subscribers, m); len(r.subscribers) > 0 {
		return nil
	}
	l.listener = nil
	last, r.conn = r.conn, nil
	l.forgetRoutersLocked()
	return last
}

// listen opens the LAN's listener and serves it, unless the last subscriber left meanwhile.
func (l *lan) listen(ctx context.Context, r *routerListener) {
	conn, err := l.all.cfg.Listen(l.host)
	if err != nil {
		l.all.cfg.Log.Warn("listen to router advertisements; changes are noticed late", "on", l.host, "err", err)
		return
	}
	l.mu.Lock()
	wanted := l.listener == r
	if wanted {
		r.conn = conn
	}
	l.mu.Unlock()
	if !wanted {
		conn.Close()
		return
	}
	if err := l.receive(ctx, conn); err != nil {
		l.broke(ctx, r, conn, err)
	}
}

// Overhear reports to the LAN what a container's own listener hears, until own is closed,
// breaks, or ctx ends. The owner of own closes it; at the end of ctx Overhear does.
func (m *Member) Overhear(ctx context.Context, own Listener) {
	_ = m.lan.receive(ctx, own) // the LAN's listener, the kernel and time will tell
}

// breath is how long a listener pauses after an advertisement that was reported. In a
// flood the socket's buffer drops the rest.
const breath = 20 * time.Millisecond

// receive reports what conn hears. It returns nil when conn is closed, and closes it when
// ctx ends. It returns the error of a conn that breaks.
func (l *lan) receive(ctx context.Context, conn Listener) error {
	for {
		icmp, from, err := conn.Receive(ctx)
		switch {
		case errors.Is(err, net.ErrClosed) || ctx.Err() != nil:
			conn.Close()
			return nil
		case err != nil:
			return err
		}
		if ra, err := ndp.Parse(icmp, from); err == nil && l.advertised(ra) {
			time.Sleep(breath)
		}
	}
}

// broke closes a listener that hears nothing any more, and tells the subscribers. The next
// Subscribe opens another listener. A subscriber without room for the notice is told again.
func (l *lan) broke(ctx context.Context, r *routerListener, conn Listener, err error) {
	subscribers, ours := l.abandon(r, conn)
	if !ours {
		return // it was closed meanwhile
	}
	untold := tell(subscribers)
	l.all.cfg.Log.Warn("listen to router advertisements", "on", l.host, "err", err)
	conn.Close()
	for len(untold) > 0 && ctx.Err() == nil {
		time.Sleep(breath)
		untold = tell(l.stillUnheard(r, untold))
	}
}

// abandon takes conn out of use. It reports whether conn was in use.
func (l *lan) abandon(r *routerListener, conn Listener) (subscribers []*Member, ours bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.conn != conn {
		return nil, false
	}
	r.conn, r.tried = nil, false
	l.forgetRoutersLocked()
	for m := range r.subscribers {
		subscribers = append(subscribers, m)
	}
	return subscribers, true
}

// stillUnheard returns those who are subscribed still, as long as no listener was tried.
func (l *lan) stillUnheard(r *routerListener, members []*Member) []*Member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(members, func(m *Member) bool {
		_, subscribed := r.subscribers[m]
		return r.tried || !subscribed
	})
}
