// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"cmp"
	"fmt"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// settle enters BOUND with the lease in use, and does the work that is already due.
func (m *Machine) settle(now clock.Instant) {
	m.rest(Bound, max(m.lease.T1, m.pace.open()))
	if now >= m.deadline {
		m.extend(now)
	}
}

// extend does the work that is due in BOUND. The host may have slept past T1.
func (m *Machine) extend(now clock.Instant) {
	if now >= m.lease.T2 {
		m.enter(now, Rebinding)
		return
	}
	m.enter(now, Renewing)
}

// extended takes the REPLY to RENEW or REBIND (RFC 8415 §18.2.10.1). A REPLY that does
// not answer about our IA changes nothing: we ask again until T2, or until the addresses
// expire.
func (m *Machine) extended(now clock.Instant, r ReplyReceived) {
	switch status(r) {
	case dhcp6.Success:
		m.renew(now, r)
	case dhcp6.NoBinding: // the server has forgotten us: it may give the same again
		m.report("server does not know the lease", fmt.Sprintf("server %x, %s", r.Server, refusal(r)))
		m.hint, m.offers = addrs(m.lease.Addrs), nil
		m.offer = offer{server: r.Server, addrs: m.hint}
		m.enter(now, Requesting)
	case dhcp6.NotOnLink:
		m.report("server says that the addresses are not on the link", refusal(r))
		m.leave("addresses are not on the link")
		m.refused(now)
	default:
		m.ignore(r, refusal(r))
	}
}

// renew takes what a REPLY says about each address: new times, or (with lifetimes 0)
// that the server takes the address back. Addresses that the REPLY does not mention stay
// until they expire.
func (m *Machine) renew(now clock.Instant, r ReplyReceived) {
	fresh, late := m.fresh(now, r)
	all, gone := m.merge(r, fresh)
	switch why := badIA(r); {
	case why != "":
		m.ignore(r, why)
	case len(all) == 0:
		m.leave("server takes the addresses back")
		m.solicit(now)
	case len(fresh) > 0:
		m.refusals = 0
		m.bind(m.grant(r, all, fresh))
		m.settle(now)
	default:
		m.ignore(r, cmp.Or(unfit(r), "lease is over already"))
		if gone {
			m.keep(all, "")
		}
		if late { // another exchange has another beginning; no loop, each takes a lease's time
			m.enter(now, m.state)
		}
	}
}

// merge returns the addresses after a REPLY, those of the REPLY first. gone says that
// the REPLY takes an address back. merge keeps at most as many addresses as the codec
// takes of one message; otherwise a server that always adds some could make us use any
// number.
func (m *Machine) merge(r ReplyReceived, fresh []Addr) (all []Addr, gone bool) {
	all = append(all, fresh...)
	for _, a := range m.lease.Addrs {
		switch {
		case has(fresh, a.Addr):
		case ended(r, a):
			gone = true
		case len(all) < dhcp6.MaxAddrs:
			all = append(all, a)
		}
	}
	return all, gone
}

func ended(r ReplyReceived, a Addr) bool {
	for _, x := range r.Addrs {
		if x.Addr == a.Addr && x.Valid == 0 && x.Preferred == 0 {
			return true
		}
	}
	return false
}
