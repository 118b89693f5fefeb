// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
)

// hold is a lease whose container is gone. A container that is the same client to
// the servers takes it back by INIT-REBOOT; where none comes it is given back
// after the grace of its policy, or runs out under a policy of never.
type hold struct {
	e *entry
	kept
	since clock.Instant
	never bool
}

// kept is what the servers have for a client as far as we know: a lease of either
// protocol, or of both.
type kept struct {
	lease     lease4.Lease     // without Addr: none
	serverMAC net.HardwareAddr // that it came from
	six       lease6.Lease     // without Addrs: none
	who       string           // the six is for, see six.who
}

func (k kept) known() bool { return k.lease.Addr.IsValid() || len(k.six.Addrs) > 0 }

// expiry is when the last of it is over.
func (k kept) expiry() clock.Instant { return max(k.lease.Expiry, expiry6(k.six)) }

// addrs is what of it is shown in the log.
func (k kept) addrs() (all []netip.Addr) {
	if k.lease.Addr.IsValid() {
		all = append(all, k.lease.Addr.Addr())
	}
	for _, a := range k.six.Addrs {
		all = append(all, a.Addr)
	}
	return all
}

// clientOf is who an attachment is to the servers of a LAN, and on which LAN: its
// client identifier, or its MAC where it has none (RFC 2131 §4.2).
func clientOf(r leaseapi.AcquireRequest) string {
	if id := r.Client.ClientID; id != "" {
		return r.Link.Host + "\x00id\x00" + strings.ToLower(id)
	}
	return r.Link.Host + "\x00mac\x00" + strings.ToLower(r.Link.MAC)
}

// maxHolds bounds what a policy of never can pile up.
const maxHolds = 4096

// errMute says that the container is gone and no link could be made in its place.
var errMute = errors.New("nobody can speak for the container")

// mute reports that no RELEASE can be sent just now: the netns ends only when the last
// socket in it is closed, and its link may still be there, with its MAC.
func (e *entry) mute() bool {
	j := e.job
	j.hangUp()
	j.deafen()
	j.six.hangUp()
	j.six.deafen()
	var err error
	if j.voice, err = e.speaker(); errors.Is(err, errMute) {
		j.log().Info("the lease is given back a little later", "err", err)
		return true
	}
	return false
}

// hold takes the addresses out of use and keeps what there is until then.
func (e *entry) hold(k kept, until clock.Instant, why string) {
	j := e.job
	if !j.begun { // it never came to asking for it
		j.begun = true
		if k.lease.Addr.IsValid() {
			j.machine = lease4.Restore(j.machineConfig(e.m.cfg.Rand), k.lease)
		}
	}
	j.held, j.until = true, min(until, k.expiry())
	j.hangUp()
	j.deafen()
	e.unbind()
	e.hold6(k.six)
	e.answer(result{err: errors.New(why)})
	e.save(k.lease)
	e.m.hold(e, k)
	j.log().Info("lease held", "addr", k.addrs(), "reason", why)
}

// hold notes a hold. What one LAN may hold is bounded; the oldest goes first.
func (m *Manager) hold(e *entry, k kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leave(e, abandoned)
	m.live(e, false)
	client := clientOf(e.job.req)
	if old := m.holds[client]; old != nil && old.e != e {
		old.e.put(func(e *entry) { e.forget("held under another id") })
	}
	_, never, _ := options.Grace(e.job.req.Policy.Release)
	m.setHold(client, &hold{e, k, e.now(), never})
	if more := len(m.holds) - maxHolds; more > 0 {
		m.dismiss(slices.Collect(maps.Values(m.holds)), more)
	}
	if !never {
		mine := m.held(e.host)
		m.dismiss(mine, len(mine)-m.segment(e.host).MaxHeld())
	}
}

// setHold sets the hold of a client; nil: none. It needs the mutex.
func (m *Manager) setHold(client string, h *hold) {
	if old := m.holds[client]; old != nil && old.never {
		m.parked--
	}
	if h == nil {
		delete(m.holds, client)
		return
	}
	if h.never {
		m.parked++
	}
	m.holds[client] = h
}

// held are the holds on a LAN that are given back one day. It needs the mutex.
func (m *Manager) held(host string) (mine []*hold) {
	for _, h := range m.holds {
		if h.e.host == host && !h.never {
			mine = append(mine, h)
		}
	}
	return mine
}

// dismiss ends the n oldest. It needs the mutex.
func (m *Manager) dismiss(holds []*hold, n int) {
	if n <= 0 {
		return
	}
	slices.SortFunc(holds, func(a, b *hold) int { return cmp.Compare(a.since, b.since) })
	for i := range n {
		holds[i].e.put((*entry).dismissed)
	}
}

// relieve gives back all that is held on a LAN whose servers were heard lately and
// have nothing to say to somebody new: the pool may be empty. It needs the mutex.
func (m *Manager) relieve(host string) {
	s := m.segment(host)
	if heard := s.HeardAt; heard != 0 && m.cfg.Clock.Now() < heard+lately {
		mine := m.held(host)
		m.dismiss(mine, len(mine))
	}
}

const lately = 30 * time.Second

// take hands over what is held for a client.
func (m *Manager) take(client string) kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.holds[client]
	if h == nil {
		return kept{}
	}
	m.setHold(client, nil)
	h.e.put(func(e *entry) { e.forget("taken back") })
	return h.kept
}

// claim says that e's lease is held still, and nobody else may have it any more.
func (m *Manager) claim(e *entry) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	client := clientOf(e.job.req)
	if h := m.holds[client]; h == nil || h.e != e {
		return false
	}
	m.setHold(client, nil)
	return true
}

// dismissed ends a hold before its time.
func (e *entry) dismissed() {
	j := e.job
	if j == nil || !j.held || !e.m.claim(e) {
		return
	}
	if j.req.Policy.Release != "never" {
		e.end("too many leases are held", giveBack)
		return
	}
	e.m.memory.put(clientOf(j.req), nil)
	e.end("too many leases are held", discard)
}

// forget drops a job whose lease is somebody else's now.
func (e *entry) forget(why string) {
	if e.job != nil && e.job.held {
		e.end(why, discard)
	}
}

// wait is tick for a lease that is held.
func (e *entry) wait() {
	j, now := e.job, e.now()
	if now < j.until || !e.m.claim(e) {
		return // taken: forget is in the inbox
	}
	k := j.kept(now)
	if k.lease.Addr.IsValid() {
		var err error
		if j.voice, err = e.speaker(); err != nil && j.failures < maxFailures {
			e.postpone(k, err)
			return
		}
	}
	e.end("nobody has come back", giveBack)
}

// maxFailures is how often giving back is tried, for some 8 minutes in all: after
// a boot the host's own network may come later than we do.
const maxFailures = 8

func (e *entry) postpone(k kept, err error) {
	j := e.job
	if j.failures == 0 {
		j.log().Warn("give the lease back", "addr", k.addrs(), "err", err)
	}
	j.failures++
	j.until = min(e.now().Add(time.Second<<j.failures), k.expiry())
	e.m.hold(e, k)
}
