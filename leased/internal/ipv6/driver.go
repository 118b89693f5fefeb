// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"fmt"
	"net/netip"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Config is everything that a driver stands on.
type Config struct {
	Owner   Owner
	Kernel  Kernel
	Request *request.Request
	Rand    func() uint64
}

// Driver is the IPv6 side of one attachment. Only the attachment's actor calls it.
// The methods of a nil Driver are those of an attachment without IPv6 (see Off).
type Driver struct {
	cfg     Config
	machine *lease6.Machine
	turn    clock.Instant // when the lease is renewed, from T1 on; Never: not given yet
	level   level

	failed    string // why there is no IPv6; empty: there is
	resumed   bool   // the kernel was told before leased was restarted
	unshown   bool   // and no caller was told of the result
	rebound   bool   // DHCPv6 has brought something since the last look, and it is not remembered yet
	conn      kernel.DHCP6Conn
	receiving bool          // a goroutine receives from conn
	xid       uint32        // that conn's filter lets in
	quiet     clock.Instant // when conn is closed for want of an answer
	routers   kernel.RoutersConn
	answer    netip.Addr // the server whose message is being taken; invalid: no message is

	seen     binding.State6 // what the kernel had at the last look
	bound    *binding.Spec6 // what DHCPv6 brought to the kernel
	unsure   []netip.Addr   // of these, the addresses whose DAD was not over then
	again    clock.Instant  // when a lease that could not be applied is tried again
	failures int            // of Apply6 in a row
	said     resolv.Names   // what routers said of DNS last

	remembered  lease6.Lease  // from before, to be asked for again
	began       clock.Instant // when a start began to wait for IPv6; Never: none has
	until       clock.Instant // when no start waits for IPv6 any more
	solicitAt   clock.Instant // when routers are solicited next
	asked       bool          // whether the LAN has come up just now
	justUp      bool          // it has
	deaf        bool          // the kernel was told to take nothing of routers
	looks       int           // since it began
	lookAt      clock.Instant // when the kernel is looked at next
	lookFrom    clock.Instant // before that it must not be
	flood       record.Flood  // of advertisements to the container alone
	lackedAt    clock.Instant // since when there is no link-local address; Never: there is one
	worked      bool          // there was a link-local address once
	told        bool          // that there has been none for some time
	unrouted    bool          // a default route is gone since the last solicitation
	putBackFrom clock.Instant // before that nothing is put back again
	confirmAt   clock.Instant // when the lease is confirmed after a restart of leased
}

// level says how much DHCPv6 is asked for: RFC 8415 §6.1 (stateless) and §6.2 (stateful).
type level uint8

const (
	none level = iota // the zero is right: nothing was asked for yet
	stateless
	stateful
)

// Kept is a lease that a server holds for the client as far as we know.
type Kept struct {
	Lease  lease6.Lease // without Addrs: none
	Client string       // the DHCPv6 client that it is for
	Former []netip.Addr // of a lease that has ended, without Lease
}

// New returns a driver that has asked for nothing yet. k is what an earlier container
// of the same client had.
func New(cfg Config, k Kept) *Driver {
	d := &Driver{
		cfg: cfg, turn: clock.Never, quiet: clock.Never, began: clock.Never, lookAt: clock.Never, solicitAt: clock.Never, lackedAt: clock.Never, again: clock.Never, confirmAt: clock.Never,
	}
	d.machine = lease6.New(d.machineConfig())
	if d.client() == k.Client {
		d.remembered = k.Lease
	}
	if len(d.remembered.Addrs) == 0 && !cfg.Request.Client.RequestIPv6.IsValid() {
		for _, addr := range k.Former { // a lease that is over: SOLICIT hints at its addresses
			d.remembered.Addrs = append(d.remembered.Addrs, lease6.Addr{Addr: addr})
		}
	}
	return d
}

// Resume takes up the machine and the binding of a record.
func (d *Driver) Resume(r *record.Record) {
	six := r.IPv6
	if d == nil || six == nil {
		return
	}
	d.worked = len(six.Lease.Server) > 0 || len(six.Routers.Servers) > 0
	d.resumed, d.unshown, d.bound, d.said = true, r.Resolves == nil, six.Bound, six.Routers
	d.flood, d.deaf = six.Flood, six.Deaf
	switch {
	case len(six.Lease.Addrs) > 0 && six.Bound == nil && !r.Held: // the kernel does not have it yet
		d.remembered = six.Lease
	case len(six.Lease.Addrs) > 0:
		d.machine, d.level = lease6.Restore(d.machineConfig(), six.Lease), stateful
	case len(six.Lease.Server) > 0:
		d.machine, d.level = lease6.Restore(d.machineConfig(), six.Lease), stateless
	}
}

// identity is made for each message: kept, it would be a copy of the request's.
func (d *Driver) identity() dhcp6.Identity {
	c := d.cfg.Request.Client
	return dhcp6.Identity{DUID: c.DUID, IAID: c.IAID, Hostname: c.Hostname, UserClass: c.UserClass}
}

func (d *Driver) machineConfig() lease6.Config {
	c := d.cfg.Request.Client
	return lease6.Config{DUID: c.DUID, Requested: c.RequestIPv6, RapidCommit: c.RapidCommit, Rand: d.cfg.Rand}
}

func (d *Driver) mode() request.IPv6 { return d.cfg.Request.Policy.IPv6 }

// client is the DHCPv6 client to the servers. A MAC may be another client's in time.
func (d *Driver) client() string {
	return fmt.Sprintf("%x/%d", d.cfg.Request.Client.DUID, d.cfg.Request.Client.IAID)
}

// on reports whether there is IPv6.
func (d *Driver) on() bool { return d != nil && d.failed == "" }

// only reports whether there is to be no IPv4.
func (d *Driver) only() bool { return d.mode() == request.IPv6Only }

// Idle reports whether no exchange is in flight: nothing is to hold the netns.
func (d *Driver) Idle() bool { return d.conn == nil && d.routers == nil }

// Known is the lease that a server holds: in use, or from before and not refused.
func (d *Driver) Known(now clock.Instant) Kept {
	if d == nil {
		return Kept{}
	}
	k := Kept{Client: d.client()}
	if !d.on() {
		return k
	}
	l, known := d.machine.Known(now)
	if d.level == none && len(l.Addrs) == 0 {
		l, known = d.remembered, now < record.Expiry6(d.remembered)
	}
	if known {
		k.Lease = l
	}
	return k
}

// Due is when the driver has to do something next.
func (d *Driver) Due() clock.Instant {
	if !d.on() {
		return clock.Never
	}
	return min(d.firesAt(), d.quiet, d.lookAt, d.again, d.confirmAt)
}

// Tick does what has become due.
func (d *Driver) Tick() {
	if !d.on() {
		return
	}
	now := d.cfg.Owner.Now()
	if now >= d.quiet {
		d.closeConn()
	}
	if now >= d.again {
		d.retry()
	}
	if d.goesOn() && now >= d.lookAt {
		d.Look()
	}
	if d.goesOn() && now >= d.confirmAt {
		d.confirmAt = clock.Never
		d.step(lease6.LinkChanged{})
	}
	if d.goesOn() && now >= d.firesAt() && d.hasTurn(now) {
		d.step(lease6.TimerFired{})
	}
}

// goesOn reports whether neither the attachment nor its IPv6 was ended.
func (d *Driver) goesOn() bool { return !d.cfg.Owner.Ending() && d.on() }

// Close closes all sockets.
func (d *Driver) Close() {
	d.closeConn()
	d.closeRouters()
}

// Rest closes the sockets that only a start needs.
func (d *Driver) Rest(starting bool) {
	if !starting {
		d.closeRouters()
	}
}
