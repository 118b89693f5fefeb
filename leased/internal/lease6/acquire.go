// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// offer is a server with the addresses that it offers, or that we ask it for.
type offer struct {
	server     []byte
	preference uint8
	addrs      []netip.Addr
}

const (
	// collect is how long other servers may answer after the first answer. RFC 8415
	// §18.2.1 makes the client wait for the rest of the first RT, a second. But a
	// container's start waits, and servers on a LAN need a millisecond.
	collect = 100 * time.Millisecond

	// maxOffers bounds what is collected. It is also how many REQUESTs may follow a SOLICIT.
	maxOffers = 4

	// decisive is the preference that ends the collecting (§18.2.1).
	decisive = 255
)

// want begins, or changes from stateless DHCPv6 to addresses.
func (m *Machine) want(now clock.Instant, ev Wanted) {
	fresh := m.state == Init && m.deadline == clock.Never
	switch {
	case fresh && !ev.Addresses:
		m.enter(now, Informing)
	case fresh, ev.Addresses && (m.state == Informing || m.state == Informed):
		m.resume(now, ev.Remembered)
	}
}

// resume confirms the addresses of a remembered lease that have not expired. If all have
// expired, SOLICIT hints at them.
func (m *Machine) resume(now clock.Instant, l Lease) {
	was := l.Addrs
	if l.Addrs = live(was, now); len(l.Addrs) > 0 && len(l.Server) > 0 {
		m.known = ordered(l)
		m.enter(now, Confirming)
		return
	}
	if len(was) > 0 {
		m.hint = addrs(was)
	}
	m.solicit(now)
}

// solicit enters SOLICITING, as soon as the pace allows it.
func (m *Machine) solicit(now clock.Instant) { m.solicitAfter(now, 0) }

func (m *Machine) solicitAfter(now clock.Instant, wait time.Duration) {
	m.offers, m.moved, m.poor, m.seeks = nil, false, false, seeks{}
	if at := max(now.Add(wait), m.pace.open()); at > now {
		m.rest(Init, at)
		return
	}
	m.enter(now, Soliciting)
}

// resolicit handles the end of the collecting time, or of RT.
func (m *Machine) resolicit(now clock.Instant) {
	switch {
	case len(m.offers) > 0:
		m.request(now)
	case m.uninformed(now):
		m.inquire(now)
	default:
		m.send(now)
	}
}

// advertised collects an ADVERTISE. After the first RT it takes the first ADVERTISE at
// once (RFC 8415 §18.2.1).
func (m *Machine) advertised(now clock.Instant, r ReplyReceived) {
	o := offer{server: r.Server, preference: r.Preference}
	for _, a := range r.Addrs {
		if usable(a) {
			o.addrs = append(o.addrs, a.Addr)
		}
	}
	switch why := unfit(r); {
	case status(r) == dhcp6.NoAddrsAvail:
		m.ignore(r, refusal(r))
		m.addressless(now)
		return
	case status(r) != dhcp6.Success:
		m.ignore(r, refusal(r))
		return
	case why != "":
		m.ignore(r, why)
		m.addressless(now)
		return
	case slices.ContainsFunc(m.offers, func(p offer) bool { return bytes.Equal(p.server, o.server) }):
		return // it has answered the SOLICIT before
	}
	m.offers = append(m.offers, o)
	slices.SortStableFunc(m.offers, better)
	m.offers = m.offers[:min(len(m.offers), maxOffers)]
	if r.Preference == decisive || m.tries > 1 {
		m.request(now)
		return
	}
	if len(m.offers) == 1 {
		m.deadline = min(m.deadline, now.Add(collect))
	}
}

// better orders offers: the highest preference (a SHOULD of §18.2.9), the most
// addresses, the first come.
func better(a, b offer) int {
	return cmp.Or(cmp.Compare(b.preference, a.preference), cmp.Compare(len(b.addrs), len(a.addrs)))
}

// request enters REQUESTING with the best of the offers left.
func (m *Machine) request(now clock.Instant) {
	m.offer, m.offers = m.offers[0], m.offers[1:]
	m.enter(now, Requesting)
}

// rerequest sends the REQUEST again, or gives up this server.
func (m *Machine) rerequest(now clock.Instant) {
	if m.tries < reqTries {
		m.send(now)
		return
	}
	m.report("no answer to REQUEST", fmt.Sprintf("server %x", m.offer.server))
	m.solicit(now)
}

// committed takes a REPLY to SOLICIT (rapid commit). The lease counts from the SOLICIT,
// which may be an hour old. If the lease has expired by now, another exchange is needed.
func (m *Machine) committed(now clock.Instant, r ReplyReceived) {
	fresh, late := m.fresh(now, r)
	switch why := unfit(r); {
	case status(r) != dhcp6.Success:
		m.ignore(r, refusal(r))
	case why != "":
		m.ignore(r, why)
	case len(fresh) > 0:
		m.take(now, r, fresh)
	case late:
		m.ignore(r, "lease is over already")
		m.solicit(now)
	}
}

// granted takes the REPLY to REQUEST (RFC 8415 §18.2.10.1). UseMulticast and UnspecFail
// change nothing: REQUEST is multicast already, and is repeated a limited number of
// times.
func (m *Machine) granted(now clock.Instant, r ReplyReceived) {
	fresh, _ := m.fresh(now, r)
	switch s, why := status(r), unfit(r); {
	case s == dhcp6.NotOnLink:
		m.report("server says that the addresses are not on the link", refusal(r))
		m.leave("addresses are not on the link")
		m.refused(now)
	case s == dhcp6.NoAddrsAvail || s == dhcp6.NoBinding:
		m.ignore(r, refusal(r))
		m.another(now)
	case s != dhcp6.Success:
		m.ignore(r, refusal(r))
	case why != "" || len(fresh) == 0:
		m.ignore(r, cmp.Or(why, "lease is over already"))
		m.another(now)
	default:
		m.take(now, r, fresh)
	}
}

// take uses the addresses that a server has granted, in place of all earlier ones.
func (m *Machine) take(now clock.Instant, r ReplyReceived, fresh []Addr) {
	m.refusals = 0
	m.bind(m.grant(r, fresh, fresh))
	m.settle(now)
}

// another asks the next server that made an offer.
func (m *Machine) another(now clock.Instant) {
	if len(m.offers) > 0 {
		m.request(now)
		return
	}
	m.refused(now)
}

// leave stops using addresses that do not fit this link; SOLICIT does not hint at them
// either.
func (m *Machine) leave(why string) {
	if m.using() {
		m.unbind(why)
	}
	m.hint, m.known = nil, Lease{}
}

const (
	// freeRefusals is how many refusals in a row cost no time: the server's pool may
	// have changed between ADVERTISE and REQUEST.
	freeRefusals = 3
	maxPause     = 60 * time.Second
)

// refused starts over after a refusal: at once after the first ones, then after 1, 2, 4
// … 60 s.
func (m *Machine) refused(now clock.Instant) {
	m.refusals++
	m.solicitAfter(now, growing(m.refusals-freeRefusals, time.Second, maxPause))
}

// growing returns the nth pause: none up to 0, then first, doubling up to most.
func growing(n int, first, most time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return min(first<<min(n-1, 10), most)
}
