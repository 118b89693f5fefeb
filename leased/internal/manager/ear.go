// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/ndp"
)

// ear hears what the routers of a LAN advertise: the kernel tells nobody who is not
// in the container's netns, and a socket in there would pin it. It is a link like a
// container's that says nothing, one for all attachments of the LAN.
type ear struct {
	users int
	tried bool               // to make it; what cannot be made is not tried for each container anew
	conn  kernel.RoutersConn // nil: deaf
}

// hear has the ear of e's LAN open for e.
func (m *Manager) hear(e *entry) {
	m.mu.Lock()
	a := m.ears[e.host]
	if a == nil {
		a = &ear{}
		m.ears[e.host] = a
	}
	if !e.hears {
		a.users++
	}
	e.hears, e.waits = true, len(e.job.waiters) > 0
	open := a.conn == nil && !a.tried
	a.tried = true
	m.mu.Unlock()
	if open { // nobody waits for it: a start has an ear of its own
		host := e.host
		m.work.Go(func() { m.open(host, a) })
	}
}

// open makes the ear and listens.
func (m *Manager) open(host string, a *ear) {
	conn, err := m.cfg.Kernel.LANRouters(host)
	if err != nil {
		m.cfg.Log.Warn("listen to router advertisements; changes are noticed late", "on", host, "err", err)
		return
	}
	m.mu.Lock()
	wanted := m.ears[host] == a
	if wanted {
		a.conn = conn
	}
	m.mu.Unlock()
	if !wanted {
		conn.Close()
		return
	}
	m.overhear(m.ctx, host, conn, a)
}

// unhear closes the ear when nobody needs it any more.
func (m *Manager) unhear(e *entry) {
	if !e.hears { // only its actor writes it
		return
	}
	m.mu.Lock()
	e.hears = false
	a, last := m.ears[e.host], kernel.RoutersConn(nil)
	if a.users--; a.users == 0 {
		delete(m.ears, e.host)
		last = m.deafen(e.host, a)
	}
	m.mu.Unlock()
	if last != nil { // its link's end takes the kernel a while
		last.Close()
	}
}

// routerlessFor is how long a LAN is taken to have no router when nobody listens: of
// containers that come one after the other not each is to wait for one.
const routerlessFor = time.Minute

// deafen needs the mutex, and returns what is to be closed without it, or nil. What
// nobody has listened to may be over.
func (m *Manager) deafen(host string, a *ear) kernel.RoutersConn {
	conn := a.conn
	a.conn = nil
	seg := m.segment(host)
	seg.Routers, seg.RouterlessUntil = ndp.Routers{}, min(seg.RouterlessUntil, m.cfg.Clock.Now()+routerlessFor)
	return conn
}

// breath is how long nothing is heard after an advertisement that was passed on. A
// flood then is the socket's buffer's business.
const breath = 20 * time.Millisecond

// overhear listens until conn is closed. a is the ear that conn is of; nil: it is a
// container's own.
func (m *Manager) overhear(ctx context.Context, host string, conn kernel.RoutersConn, a *ear) {
	for {
		icmp, from, err := conn.Receive(ctx)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			conn.Close()
			return
		}
		if err != nil {
			m.deaf(host, conn, a, err)
			return
		}
		if ra, err := ndp.Parse(icmp, from); err == nil && m.advertised(host, ra) {
			time.Sleep(breath)
		}
	}
}

// deaf is what an ear is that hears nothing any more. A container's own its actor closes.
func (m *Manager) deaf(host string, conn kernel.RoutersConn, a *ear, err error) {
	m.mu.Lock()
	mine := a != nil && a.conn == conn // else it has just been closed
	if mine {
		m.deafen(host, a)
		a.tried = false
		for _, e := range m.entries {
			if e.host == host && e.hears && !m.closed {
				e.put((*entry).heard6) // opens it anew
			}
		}
	}
	m.mu.Unlock()
	if mine {
		m.cfg.Log.Warn("listen to router advertisements", "on", host, "err", err)
		conn.Close()
	}
}

// advertised has everybody on the LAN look who is concerned, and says whether
// anybody is.
func (m *Manager) advertised(host string, ra ndp.Advertisement) (told bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seg, now := m.segment(host), m.now()
	seg.RouterlessUntil = 0
	changed := seg.Routers.Heard(now, ra)
	for _, e := range m.entries {
		if e.host == host && e.hears && (changed || e.waits) && !m.closed && len(e.inbox) < maxInbox {
			e.put((*entry).heard6)
			told = true
		}
	}
	return told
}

// heard6 looks at what the kernel makes of an advertisement: at once where somebody
// waits for it, else when there was time, and at most once a second.
func (e *entry) heard6() {
	j := e.job
	if j == nil || j.six == nil || j.six.off != "" || !e.hears {
		return
	}
	if len(j.waiters) > 0 {
		e.look6()
		return
	}
	j.six.lookAt = min(j.six.lookAt, e.now().Add(atRest))
}

// listens says that an ear is open, the LAN's or the container's own.
func (e *entry) listens() bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	a := e.m.ears[e.host]
	return e.job.six.ear != nil || a != nil && a.conn != nil
}

// routerless says that there is no router on the LAN: nobody has answered a
// solicitation in time, this one's or one before, and the ear has heard none since.
func (e *entry) routerless() bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	seg, a := e.m.segment(e.host), e.m.ears[e.host]
	over := e.now() >= e.job.six.began.Add(solicitWait)
	if over && a != nil && a.conn != nil {
		seg.RouterlessUntil = time.Duration(clock.Never)
	}
	return over || e.m.cfg.Clock.Now() < seg.RouterlessUntil
}
