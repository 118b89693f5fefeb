// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/wire"
)

// watch listens to what the machine watches for in ARP, and to nothing once it
// watches for nothing: the socket pins the netns. Without ARP a lease is as good
// as without a conflict check.
func (e *entry) watch() {
	j := e.job
	want := j.machine.Watching()
	if want == j.watched {
		return
	}
	if !want.IsValid() {
		j.deafen()
		return
	}
	if j.arp == nil && !e.openARP() {
		return
	}
	j.watched = want
	if err := j.arp.Watch(want); err != nil {
		e.unheard(err)
	}
}

func (e *entry) openARP() bool {
	arp, err := e.m.cfg.Kernel.ARP(e.job.place)
	if err != nil {
		e.unheard(err)
		return false
	}
	e.job.arp = arp
	e.m.work.Go(func() { e.hear(e.m.ctx, arp) })
	return true
}

// prepare does what an answer will need, between the question and it.
func (e *entry) prepare() {
	j := e.job
	e.number()
	if j.six == nil {
		e.forgo6()
	}
	if j.conn != nil && j.arp == nil && checks[j.req.Policy.ConflictCheck] != lease4.CheckOff {
		e.openARP()
	}
}

func (e *entry) unheard(err error) {
	if kernel.IsGone(err) {
		e.lost(err)
		return
	}
	e.job.log().Warn("check for an address conflict", "err", err)
	e.job.deafen()
}

func (j *job) deafen() {
	if j.arp != nil {
		j.arp.Close()
	}
	j.arp, j.watched = nil, netip.Addr{}
}

// hear hands conflicts to the actor, until arp is closed. One is enough: the
// machine acts on the first.
func (e *entry) hear(ctx context.Context, arp kernel.ARPConn) {
	for {
		c, err := arp.Receive(ctx)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			arp.Close()
			return
		}
		e.deliver(err != nil, func(e *entry) { e.heard(arp, c, err) })
		if err != nil {
			return
		}
	}
}

// overheard looks for a conflict that has come before an ACK, and that the one who
// receives it has not yet told: once the lease is bound its address is in the answer.
func (e *entry) overheard(t dhcp4.Type) {
	if arp := e.job.arp; t == dhcp4.Ack && arp != nil {
		if c, ok := arp.Pending(); ok {
			e.heard(arp, c, nil)
		}
	}
}

func (e *entry) heard(arp kernel.ARPConn, c wire.Conflict, err error) {
	j := e.job
	switch {
	case j == nil || j.arp != arp || err == nil && c.Addr != j.watched:
		return // closed meanwhile
	case err != nil:
		e.unheard(err)
		return
	}
	if e.kin(c) {
		return
	}
	j.log().Warn("address is in use by another machine", "addr", c.Addr, "mac", c.MAC.String())
	e.step(lease4.ConflictFound{Addr: c.Addr, MAC: c.MAC, Decline: e.inUse(c.Addr)})
}

// kin says that it is a container of ours that was heard, and no conflict. It is
// another interface of the same container: Linux answers ARP for each of its
// addresses on each of its interfaces, and on a busy machine an address is there
// before the probe for it has been looked at. Or it is another container that was
// offered the same address (dnsmasq does that under load) and probes for it: the
// server knows whom it gives the lease, and refused sees to those who have one.
func (e *entry) kin(c wire.Conflict) bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	for _, other := range e.m.entries {
		if other == e || !other.lives || !slices.Equal(other.place.MAC, c.MAC) {
			continue
		}
		return other.place.Cookie == e.place.Cookie || other.host == e.host || other.addr != c.Addr
	}
	return false
}

// inUse notes that an address is, and says whether it may be declined.
func (e *entry) inUse(addr netip.Addr) bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()
	return e.m.segment(e.host).InUse.Add(e.m.cfg.Clock.Now(), addr)
}

// say sends an ARP probe or an announcement.
func (e *entry) say(do func(kernel.ARPConn) error) {
	arp := e.job.arp
	if arp == nil {
		var err error
		if arp, err = e.m.cfg.Kernel.ARP(e.job.place); err != nil {
			e.unheard(err)
			return
		}
		defer arp.Close()
	}
	if err := do(arp); err != nil {
		e.unheard(err)
	}
}
