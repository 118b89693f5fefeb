// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/segment"
)

// gate is where an attachment stands at the gate of its LAN segment.
type gate uint8

const (
	outside gate = iota // not an error: an attachment begins here
	queued
	inside
)

const (
	answered  = segment.Answered
	timedOut  = segment.TimedOut
	abandoned = segment.Abandoned
)

// segment is the LAN behind a host interface. It needs the mutex.
func (m *Manager) segment(host string) *segment.Segment[*entry] {
	s := m.segments[host]
	if s == nil {
		s = segment.New[*entry]()
		m.segments[host] = s
	}
	return s
}

// live counts the attachments of a segment that have a container. It needs the mutex.
func (m *Manager) live(e *entry, is bool) {
	switch s := m.segment(e.host); {
	case is && !e.lives:
		s.Count(1)
	case !is && e.lives:
		s.Count(-1)
	}
	e.lives = is
}

// begin asks the servers, or waits until there is room for one more to ask them.
func (e *entry) begin() {
	e.m.mu.Lock()
	if e.gate == outside {
		e.gate = queued
		if e.m.segment(e.host).Gate.Enter(e) {
			e.gate = inside
		}
	}
	now := e.gate == inside
	e.m.mu.Unlock()
	switch {
	case now:
		e.started()
	case e.job.six == nil:
		e.forgo6() // it may be a while
	}
}

// How long a container waits for the servers that has a lease from before: longer
// than a ping check, shorter than a start's patience. Podman starts one container
// after the other, so the next ones on a silent LAN do not wait as long again.
const (
	mayContinue   = 4 * time.Second
	mayContinueAs = 500 * time.Millisecond // others do
)

func (e *entry) mayContinue() time.Duration {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if s := e.m.segment(e.host); s.ResortedAt > s.HeardAt {
		return mayContinueAs
	}
	return mayContinue
}

func (e *entry) started() {
	j := e.job
	if j == nil || j.held || j.begun {
		return
	}
	j.asked = e.now()
	if e.start6(); j.ending != nil {
		return
	}
	j.begun = true
	if j.six.only() {
		if j.six.resumed { // and has nothing to wait for
			e.goOn()
		}
		return
	}
	var remembered lease4.Lease
	if j.remembered != nil {
		remembered, j.remembered = *j.remembered, nil
		j.resort = j.asked.Add(min(e.mayContinue(), j.timeout()))
	}
	e.step(lease4.Started{Remembered: remembered, Crowd: e.inCrowd()})
	if j.ending == nil {
		e.prepare() // while the server thinks
	}
	if j.ending == nil && j.six != nil && !j.six.resumed {
		e.seek6()
	}
}

func (e *entry) inCrowd() bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	return e.m.segment(e.host).Gate.Crowded()
}

func (j *job) timeout() time.Duration {
	return time.Duration(j.req.Policy.TimeoutMS) * time.Millisecond
}

// resort uses what is remembered. Where a server of the LAN was heard meanwhile, if
// only by others, it is slow and not away, and gets nearly all of the time there is.
func (e *entry) resort() {
	j := e.job
	last := j.asked.Add(j.timeout() / 10 * 9)
	if e.now() < last && e.heardSince(j.asked) {
		j.resort = last
		return
	}
	j.resort = clock.Never
	e.m.mu.Lock()
	e.m.segment(e.host).ResortedAt = e.m.cfg.Clock.Now()
	e.m.mu.Unlock()
	e.step(lease4.TimedOut{})
}

func (e *entry) heardSince(t clock.Instant) bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	return e.m.segment(e.host).HeardAt > time.Duration(t)
}

// leave lets the next in. It needs the mutex.
func (m *Manager) leave(e *entry, how segment.Outcome) {
	was := e.gate
	e.gate = outside
	if was != inside {
		return
	}
	g := &m.segment(e.host).Gate
	for next := g.Leave(m.cfg.Clock.Now(), how); len(next) > 0; {
		who := next[0]
		next = next[1:]
		if who.gate != queued { // gone meanwhile
			next = append(next, g.Leave(m.cfg.Clock.Now(), abandoned)...)
			continue
		}
		who.gate = inside
		who.put((*entry).started)
	}
}

// pace leaves the gate when the servers have answered, or have not in time. Who
// was not answered may be so because the pool is empty: what is only held goes back.
func (e *entry) pace(ev lease4.Event, before lease4.State) {
	_, timer := ev.(lease4.TimerFired)
	after := e.job.machine.State()
	asks := after == lease4.Rebooting || after == lease4.Selecting || after == lease4.Requesting
	again := timer && before == after && asks
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	switch {
	case again:
		e.m.leave(e, timedOut)
		if after == lease4.Selecting {
			e.m.relieve(e.host)
		}
	case after == lease4.Stopped:
		e.m.leave(e, abandoned)
	case !asks:
		e.m.leave(e, answered)
	}
}

// at is an address on a LAN.
type at struct {
	host string
	addr netip.Addr
}

// bindsTo notes which address e has; the zero Addr: none.
func (e *entry) bindsTo(addr netip.Addr) {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	if e.m.addrs[at{e.host, e.addr}] == e {
		delete(e.m.addrs, at{e.host, e.addr})
	}
	if e.addr = addr; addr.IsValid() {
		e.m.addrs[at{e.host, addr}] = e
	}
}

// refused is asked about each address that a server names. It says that one is not
// to be taken: it was found in use lately, or another of our containers has it; and
// whether it may be declined, as one that was found in use always may again.
func (e *entry) refused(addr netip.Addr) (refused, decline bool) {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	s := e.m.segment(e.host)
	s.HeardAt = e.m.cfg.Clock.Now()
	other := e.m.addrs[at{e.host, addr}]
	switch {
	case checks[e.job.req.Policy.ConflictCheck] != lease4.CheckOff && s.InUse.Has(s.HeardAt, addr):
		return true, true
	case other != nil && other.client != e.client:
		return true, s.InUse.Add(s.HeardAt, addr)
	}
	return false, false
}
