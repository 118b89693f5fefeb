// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// receive takes a reply if it answers the exchange in flight (RFC 8415 §16.3, §16.10).
func (m *Machine) receive(now clock.Instant, r ReplyReceived) {
	if m.xid == 0 || r.XID != m.xid || !m.awaits(r) {
		return
	}
	switch {
	case len(r.Server) == 0:
		m.ignore(r, "no server identifier")
	case !bytes.Equal(r.Client, m.cfg.DUID):
		m.ignore(r, "client identifier is not ours")
	case !m.from(r):
		m.ignore(r, "not from our server")
	default:
		m.retime(r)
		m.answered(now, r)
	}
}

// awaits reports whether the state waits for a message of that type. A REPLY to
// SOLICIT only counts with rapid commit, asked for and given (§18.2.1).
func (m *Machine) awaits(r ReplyReceived) bool {
	if m.state == Soliciting && r.Type == dhcp6.ReplyType {
		return m.cfg.RapidCommit && r.RapidCommit
	}
	return (m.state == Soliciting) == (r.Type == dhcp6.Advertise)
}

// from reports whether the server of r may answer in this state: the server that our
// message named, or any. The other server of a pair may grant what the first one has offered:
// §16.10 does not have a client compare the two, and other clients do not.
func (m *Machine) from(r ReplyReceived) bool {
	s := r.Server
	switch m.state {
	case Requesting:
		return bytes.Equal(s, m.offer.server) || m.grants(r)
	case Renewing:
		return bytes.Equal(s, m.lease.Server)
	case Declining:
		return bytes.Equal(s, m.server)
	case Init, Soliciting, Confirming, Bound, Rebinding, Informing, Informed, Stopped:
	}
	return true
}

// grants reports whether r gives an address that REQUEST asks for.
func (m *Machine) grants(r ReplyReceived) bool {
	return status(r) == dhcp6.Success && badIA(r) == "" && slices.ContainsFunc(r.Addrs, func(a dhcp6.Address) bool {
		return usable(a) && slices.Contains(m.offer.addrs, a.Addr)
	})
}

// retime takes SOL_MAX_RT and INF_MAX_RT, even from an ADVERTISE that is otherwise not
// usable (§18.2.9).
func (m *Machine) retime(r ReplyReceived) {
	if r.SolMaxRT != 0 {
		m.solMax = seconds(r.SolMaxRT)
	}
	if r.InfMaxRT != 0 {
		m.infMax = seconds(r.InfMaxRT)
	}
}

// answered takes a message that the state waits for.
func (m *Machine) answered(now clock.Instant, r ReplyReceived) {
	switch m.state {
	case Soliciting:
		if r.Type == dhcp6.Advertise {
			m.advertised(now, r)
			return
		}
		m.committed(now, r)
	case Requesting:
		m.granted(now, r)
	case Confirming:
		m.confirmed(now, r)
	case Renewing, Rebinding:
		m.extended(now, r)
	case Declining: // the server knows now, whatever its status says (§18.2.10.2)
		m.afterDecline(now)
	case Informing:
		m.informed(now, r)
	case Init, Bound, Informed, Stopped: // have nothing in flight
	}
}

func (m *Machine) ignore(r ReplyReceived, why string) {
	m.report(fmt.Sprintf("%s ignored", r.Type), fmt.Sprintf("%s (server %x)", why, r.Server))
}

// status returns the message's status, or else that of its IA.
func status(r ReplyReceived) dhcp6.Status {
	if r.Status == dhcp6.Success && r.HasIA {
		return r.IAStatus
	}
	return r.Status
}

// refusal spells a status for the log.
func refusal(r ReplyReceived) string { return fmt.Sprintf("status %d: %q", status(r), r.StatusText) }

func seconds(s uint32) time.Duration { return time.Duration(s) * time.Second }
