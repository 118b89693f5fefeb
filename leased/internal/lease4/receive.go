// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// receive takes a reply if it answers the transaction in flight. INIT, PROBING, BOUND
// and STOPPED have no transaction: an unexpected NAK changes nothing.
func (m *Machine) receive(now clock.Instant, r ReplyReceived) {
	if m.xid == 0 || r.XID != m.xid {
		return
	}
	if len(r.ClientID) > 0 && !bytes.Equal(r.ClientID, m.cfg.ClientID) {
		m.ignore(r, "client identifier is not ours") // RFC 6842 §3: MUST discard
		return
	}
	if !m.Allows(r.Server) {
		m.ignore(r, "server= does not allow this server; if it is yours, add it to server=")
		return
	}
	switch {
	case r.Type == dhcp4.Offer && m.state == Selecting:
		m.offered(now, r)
	case r.Type == dhcp4.Ack && (m.state != Selecting || m.cfg.RapidCommit && r.RapidCommit):
		m.granted(now, r) // in SELECTING only as RFC 4039 §3.1 has it
	case r.Type == dhcp4.Nak && m.state != Selecting:
		m.denied(now, r)
	case r.Type == dhcp4.Offer && m.state == Requesting: // the servers of a LAN all make one
	default:
		m.ignore(r, unasked)
	}
}

// unasked is said of an ACK or NAK to a DISCOVER, and of an OFFER to a REQUEST.
const unasked = "it answers no message of ours"

// Allows reports whether the answers of a server count at all. Nobody else's lease is worth
// waiting for, nor is anybody else's NAK.
func (m *Machine) Allows(server netip.Addr) bool {
	return m.cfg.Servers == nil || slices.ContainsFunc(m.cfg.Servers, func(p netip.Prefix) bool { return p.Contains(server) })
}

// offered takes the first OFFER that can be used: a better one may never come, and the
// container waits.
func (m *Machine) offered(now clock.Instant, r ReplyReceived) {
	if m.forgoes(now, r) {
		return
	}
	why := m.unfit(r.Reply)
	if why == "" && r.Refused && !r.Decline {
		why = inUse
	}
	if why != "" {
		m.ignore(r, why)
		return
	}
	m.state, m.tries, m.sent = Requesting, 0, now
	m.offer.addr, m.offer.server = r.Your, r.Server
	if r.Refused {
		m.report(inUse, fmt.Sprintf("%s was found in use a moment ago", r.Your))
		// It is declined: a server may offer it for ever to a client that ignores it (dnsmasq).
		m.arp.watched, m.arp.until, m.arp.foe = r.Your, clock.Never, &ConflictFound{Addr: r.Your, Decline: true}
	} else {
		m.probeQuick(r.Your)
	}
	m.sendSelect(now)
}

// granted takes an ACK. The transaction and chaddr tie it to our REQUEST. Another server of a
// pair may acknowledge the address that we have asked for. Only its own parameters count, not those of the OFFER or of the
// lease before (RFC 2131 §3.1(4)).
func (m *Machine) granted(now clock.Instant, r ReplyReceived) {
	why := m.unfit(r.Reply)
	switch {
	case m.state == Requesting && r.Your != m.offer.addr && r.Server != m.offer.server:
		why = "not from our server"
	case m.state == Renewing && !m.uses(r.Your) && r.Server != m.lease.Server:
		why = "not from our server"
	}
	if why != "" {
		m.ignore(r, why)
		return
	}
	switch l := m.grant(r.Reply); {
	case m.forgoes(now, r):
	case l.Expiry <= now:
		m.stale(now, r)
	case r.Refused && !m.uses(r.Your):
		m.ignore(r, inUse)
		m.refuse(now, r.Your)
	default:
		m.take(now, l)
	}
}

// uses reports whether a is the address of the lease in use.
func (m *Machine) uses(a netip.Addr) bool { return m.bound && m.lease.Addr.Addr() == a }

// take takes a lease that a server has granted: a renewal at once, a new address after
// its conflict check.
func (m *Machine) take(now clock.Instant, l Lease) {
	switch a := l.Addr.Addr(); {
	case m.uses(a):
		m.bind(now, l)
	case m.arp.watched == a && m.arp.foe != nil: // found before the ACK
		m.lease = &l
		m.conflict(now, *m.arp.foe)
	case m.cfg.Check == CheckFull:
		m.probeFirst(now, l)
	default:
		m.bind(now, l)
	}
}

// bind begins to use a lease.
func (m *Machine) bind(now clock.Instant, l Lease) {
	before, renewal := m.state, m.uses(l.Addr.Addr())
	m.lease, m.bound, m.unconfirmed, m.naks = &l, true, false, 0
	m.state, m.xid, m.deadline, m.nak = Bound, 0, l.T1, nil
	m.acts = append(m.acts, Bind{Lease: l})
	if !renewal {
		m.settle(now, before)
	}
}

// stale handles an ACK whose lease, counted from its REQUEST long ago, has already
// expired: a server that was away came back with shorter leases. A new transaction
// counts from now. This is no loop: each turn takes a lease's time.
func (m *Machine) stale(now clock.Instant, r ReplyReceived) {
	m.ignore(r, "lease is over already")
	if !m.bound {
		m.discover(now)
		return
	}
	m.enter(now, max(m.state, Renewing)) // after REBOOTING the server is asked alone
}

func (m *Machine) ignore(r ReplyReceived, why string) {
	m.report(fmt.Sprintf("%s ignored", r.Type), fmt.Sprintf("%s (address %s, server %s)", why, shown(r.Your), shown(r.Server)))
}

func shown(a netip.Addr) string {
	if !a.IsValid() {
		return "none"
	}
	return a.String()
}
