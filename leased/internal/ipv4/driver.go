// SPDX-License-Identifier: Apache-2.0

package ipv4

import (
	"net"
	"net/netip"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/request"
)

// Config is everything that a driver stands on.
type Config struct {
	Owner   Owner
	Kernel  Kernel
	Request *request.Request
	Rand    func() uint64
}

// Driver is the DHCPv4 client of one attachment. Only the attachment's actor calls it.
type Driver struct {
	cfg       Config
	machine   *lease4.Machine
	begun     bool             // the machine was started
	told      lease4.State     // the machine's, as the events have it
	turn      clock.Instant    // when the lease is renewed, from T1 on; Never: not given yet
	bound     *binding.Spec    // in the kernel
	serverMAC net.HardwareAddr // where the lease came from: the server or its relay

	*exchange // nil: the lease is at rest, see Wake
}

// exchange is the part of a Driver that a lease at rest does without.
type exchange struct {
	conn      kernel.PacketConn // open during an exchange; nil: none
	medium    lease4.Medium     // of conn
	receiving bool              // a goroutine receives from conn
	xid       uint32            // that conn's filter lets in
	quiet     clock.Instant     // when conn is closed for want of an answer

	arp     kernel.ARPConn
	watched netip.Addr // what arp listens for
	// discounted is the last address that a proxy claimed; it is told of once.
	discounted netip.Addr
	router     netip.Addr       // the default router that servers named last
	questioned net.HardwareAddr // the last machine of which isGateway has asked the LAN

	again    clock.Instant // when a lease that could not be applied is tried again
	failures int           // of Apply4 in a row

	heardFrom   net.HardwareAddr  // where the last message came from
	answer      netip.Addr        // the server whose message is being taken; invalid: no message is
	releaseConn kernel.PacketConn // opened ahead of a RELEASE

	remembered *lease4.Lease // from before, to be asked for again; nil: none, or it was asked for
	former     netip.Addr    // of a lease before that, which has ended
	asked      clock.Instant // when the servers were first asked
	resortAt   clock.Instant // when the remembered lease is used without a server's word
}

// Kept is a lease that a server holds for the client as far as we know.
type Kept struct {
	Lease     lease4.Lease     // without Addr: none
	ServerMAC net.HardwareAddr // that the lease came from
	Former    netip.Addr       // of a lease that has ended, without Lease; invalid: none
}

// New returns a driver that has asked for nothing yet. k is what an earlier container
// of the same client had.
func New(cfg Config, k Kept) *Driver {
	d := &Driver{cfg: cfg, serverMAC: k.ServerMAC, turn: clock.Never}
	d.Wake()
	if k.Lease.Addr.IsValid() {
		d.remembered = &k.Lease
	}
	d.former = k.Former
	d.setMachine(lease4.New(d.machineConfig()))
	return d
}

// Resume takes up the machine and the binding of a record.
func (d *Driver) Resume(r *record.Record) {
	d.begun = r.Held || !r.Waiting
	if r.Waiting {
		return
	}
	l, on := r.Lease, d.cfg.Owner.LAN()
	on.Share(&l.Routes, &l.DNS, &l.Domain, &l.Search)
	d.setMachine(lease4.Restore(d.machineConfig(), l))
	d.serverMAC = r.ServerMAC
	on.GrantedAt(l.Start)
	if !r.Held {
		bound := r.Bound
		on.ShareBound(&bound.Routes)
		d.bound = &bound
	}
}

func (d *Driver) setMachine(m *lease4.Machine) { d.machine, d.told = m, m.State() }

// identity is made for each message: kept, it would be a copy of the request's.
func (d *Driver) identity() dhcp4.Identity {
	c := d.cfg.Request.Client
	return dhcp4.Identity{
		MAC: d.cfg.Request.Link.MAC, ClientID: c.ID, Hostname: c.Hostname, FQDN: c.FQDN,
		VendorClass: c.VendorClass, UserClass: c.UserClass,
	}
}

func (d *Driver) machineConfig() lease4.Config {
	c := d.cfg.Request.Client
	return lease4.Config{
		Requested: c.RequestIP, Require: c.RequireIP, Servers: c.Servers,
		ClientID: c.ID, Rand: d.cfg.Rand,
		Check: checks[d.cfg.Request.Policy.ConflictCheck], RapidCommit: c.RapidCommit, V6Only: c.IPv6Mostly,
	}
}

var checks = map[request.ConflictCheck]lease4.Check{
	request.CheckQuick: lease4.CheckQuick, request.CheckRFC5227: lease4.CheckFull, request.CheckOff: lease4.CheckOff,
}

func (d *Driver) checks() bool { return checks[d.cfg.Request.Policy.ConflictCheck] != lease4.CheckOff }

// off reports whether there is to be no IPv4.
func (d *Driver) off() bool { return d.cfg.Request.Policy.IPv6 == request.IPv6Only }

// Absent reports whether there is to be no IPv4, or the network wants none (RFC 8925).
func (d *Driver) Absent() bool {
	return d.off() || d.cfg.Request.Policy.IPv6 != request.IPv6Off && d.machine.Forgoes()
}

// Ready reports whether no start need wait for IPv4 any more.
func (d *Driver) Ready() bool { return d.bound != nil || d.Absent() }

// Bound reports whether a lease is in use.
func (d *Driver) Bound() bool {
	_, ok := d.machine.Lease()
	return ok && d.bound != nil
}

// Known is the lease that a server holds: in use, or from before and not refused.
func (d *Driver) Known(now clock.Instant) Kept {
	l, known := d.machine.Known(now)
	if !d.begun && d.remembered != nil {
		l, known = *d.remembered, now < d.remembered.Expiry
	}
	if !known {
		return Kept{}
	}
	return Kept{Lease: l, ServerMAC: d.serverMAC}
}

// Due is when the driver has to do something next.
func (d *Driver) Due() clock.Instant {
	if d.exchange == nil {
		return d.firesAt()
	}
	return min(d.firesAt(), d.quiet, d.again, d.resortAt)
}

// Tick does what has become due.
func (d *Driver) Tick() {
	now := d.cfg.Owner.Now()
	if now >= d.quiet {
		d.closeConn()
	}
	if now >= d.again {
		d.retry()
	}
	if !d.cfg.Owner.Ending() && now >= d.firesAt() && d.hasTurn(now) {
		d.fire()
	}
	if !d.cfg.Owner.Ending() && now >= d.resortAt {
		d.resort()
	}
}

// Close closes all sockets.
func (d *Driver) Close() {
	d.closeConn()
	d.closeARP()
}
