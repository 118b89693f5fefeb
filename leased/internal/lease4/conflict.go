// SPDX-License-Identifier: Apache-2.0

package lease4

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp4"
)

// Check selects how to find out whether another host uses an address.
type Check uint8

// The checks.
const (
	CheckOff   Check = iota + 1 // not at all
	CheckQuick                  // one ARP probe; no start waits for it beyond the ACK
	CheckFull                   // all of RFC 5227 §2.1.1, 4–7 s before the address is used
)

// String returns the check's name as the option conflict_check spells it.
func (c Check) String() string {
	switch c {
	case CheckOff:
		return "off"
	case CheckQuick:
		return "quick"
	case CheckFull:
		return "rfc5227"
	}
	return "invalid"
}

const (
	// declineWait is RFC 2131 §3.1(5)'s, from the second conflict in a row on.
	declineWait = 10 * time.Second

	// After maxConflicts there is one try per rateLimit, so that leased does not probe a
	// whole network in which a host answers for every address (RFC 5227 §2.1.1,
	// MAX_CONFLICTS and RATE_LIMIT_INTERVAL).
	maxConflicts = 10
	rateLimit    = 60 * time.Second
)

const inUse = "address is in use by another host"

// found takes a conflict. A conflict before the ACK is kept until the ACK: a DECLINE
// refuses a granted address, and some servers ignore a DECLINE that follows no REQUEST.
func (m *Machine) found(now clock.Instant, ev ConflictFound) {
	if !ev.Addr.IsValid() || ev.Addr != m.arp.watched || m.arp.foe != nil {
		return
	}
	m.report(inUse, fmt.Sprintf("%s has %s", ev.MAC, ev.Addr))
	switch m.state {
	case Rebooting, Requesting:
		if m.bound {
			m.conflict(now, ev)
			return
		}
		m.arp.foe = &ev
		m.avoid(ev.Addr)
	case Probing, Bound, Renewing, Rebinding:
		m.conflict(now, ev)
	case Init, Selecting, Stopped: // watch nothing
	}
}

// conflict gives up the lease that was granted, bound or not.
func (m *Machine) conflict(now clock.Instant, ev ConflictFound) {
	l := *m.lease
	m.transact()
	switch {
	case m.unconfirmed: // no REQUEST of ours has been answered
		m.report("no DECLINE sent", fmt.Sprintf("%s is in use by another host, and no server has confirmed the lease", l.Addr.Addr()))
	case !ev.Decline:
		m.report("no DECLINE sent", fmt.Sprintf("%s is in use by another host, and there were too many DECLINEs of late", l.Addr.Addr()))
	default:
		m.sendDecline(l, ev)
	}
	if m.bound {
		m.unbind(inUse)
		m.began = now
	}
	m.spurn(now, l.Addr.Addr(), ev.Again)
}

// sendDecline tells the server that granted the address (RFC 2131 §4.4.4). The DECLINE
// goes to all servers, so that a relay passes it on, in a transaction of its own.
func (m *Machine) sendDecline(l Lease, ev ConflictFound) {
	text := inUse
	if len(ev.MAC) > 0 {
		text = fmt.Sprintf("address is in use by %s", ev.MAC)
	}
	m.send(netip.Addr{}, dhcp4.Message{Type: dhcp4.Decline, Requested: l.Addr.Addr(), Server: l.Server, Text: text})
}

// refuse rejects an address that the caller knows to be in use. In SELECTING another
// server may still answer. An address that we use is not given up for it.
func (m *Machine) refuse(now clock.Instant, a netip.Addr) {
	switch m.state {
	case Rebooting, Requesting:
		if !m.bound {
			m.spurn(now, a, false)
		}
	case Init, Selecting, Probing, Bound, Renewing, Rebinding, Stopped:
	}
}

// spurn looks for another address than a: at once the first time, after 10 s from the
// second time on. RFC 2131 §3.1(5) would wait each time (SHOULD), against loops. But a
// container's start waits, and the next address is most likely free. Of a host that claims
// one address after the other only a few claims count, so again does not wait either.
func (m *Machine) spurn(now clock.Instant, a netip.Addr, again bool) {
	m.avoid(a)
	m.conflicts++
	switch {
	case m.conflicts > maxConflicts:
		m.rest(Init, now.Add(rateLimit))
	case m.conflicts > 1 && !again:
		m.rest(Init, now.Add(declineWait))
	default:
		m.discover(now)
	}
}

// avoid forgets an address that another host uses. If the configuration requires this
// address, leased asks for it again.
func (m *Machine) avoid(a netip.Addr) {
	m.forget(a)
	if m.hint == a {
		m.hint = m.cfg.Requested
	}
	if m.hint == a && !m.cfg.Require {
		m.hint = netip.Addr{}
	}
}
