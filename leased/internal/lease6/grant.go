// SPDX-License-Identifier: Apache-2.0

package lease6

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/dhcp6"
)

// badIA returns why the IA_NA of a message counts as absent; "" if it counts.
func badIA(r ReplyReceived) string {
	switch {
	case !r.HasIA:
		return "no IA_NA with our IAID"
	case r.T1 > r.T2 && r.T2 > 0:
		return "T1 is later than T2" // RFC 8415 §21.4: discard the IA
	}
	return ""
}

// unfit returns why the IA_NA of a message gives us no address; "" if it gives one.
func unfit(r ReplyReceived) string {
	if why := badIA(r); why != "" || slices.ContainsFunc(r.Addrs, usable) {
		return why
	}
	return "no usable address"
}

// usable reports whether an address may be used: preferred no longer than it is
// valid (RFC 8415 §21.6), and valid at all.
func usable(a dhcp6.Address) bool {
	return a.Addr.IsValid() && a.Status == dhcp6.Success && a.Valid > 0 && a.Preferred <= a.Valid
}

// fresh returns the usable addresses of a REPLY, each once, with their times counted
// from the first message of the exchange. All messages of an exchange have one xid, so
// we cannot know which one the server answered. Counting from the first can never make a
// lease too long. late says that, counted like this, an address has already expired.
func (m *Machine) fresh(now clock.Instant, r ReplyReceived) (fresh []Addr, late bool) {
	for _, a := range r.Addrs {
		f := Addr{Addr: a.Addr, Preferred: until(m.sent, a.Preferred), Valid: until(m.sent, a.Valid)}
		switch {
		case !usable(a) || has(fresh, a.Addr):
		case f.Valid <= now:
			late = true
		default:
			fresh = append(fresh, f)
		}
	}
	return fresh, late
}

// grant makes a lease from a REPLY. all are the lease's addresses, fresh the ones that
// this REPLY gives.
func (m *Machine) grant(r ReplyReceived, all, fresh []Addr) Lease {
	l := Lease{Addrs: all, Server: r.Server, Start: m.sent, DNS: r.DNS, Search: r.Search}
	l.T1, l.T2 = renewal(r, m.sent, fresh)
	m.putOff(&l, firstEnd(fresh))
	return ordered(l)
}

// putOff puts T1 off where the server has us renew all the time. end is that of the first
// address; an address that is only preferred for a shorter time remains in use.
func (m *Machine) putOff(l *Lease, end clock.Instant) {
	asked, half := l.T1, clock.Never
	if end != clock.Never {
		half = l.Start.Add(end.Sub(l.Start) / 2)
	}
	at, tell := m.renewals.T1(m.lease.Start, l.Start, asked, half)
	if tell {
		m.report("server wants renewals too often", fmt.Sprintf("T1 %s; using %s", asked.Sub(l.Start), at.Sub(l.Start)))
	}
	if l.T1 = at; at > asked && at >= l.T2 {
		l.T2 = l.Start.Add(at.Sub(l.Start) / 5 * 8) // as 0.8 is to 0.5
	}
}

// renewal returns T1 and T2. It takes the server's values, or 0.5 and 0.8 of the
// shortest preferred lifetime if the server leaves them to us (RFC 8415 §14.2, §21.4) or
// if they are later than the end of all addresses. T1 is at least a second after start:
// a server must not make us renew all the time.
func renewal(r ReplyReceived, start clock.Instant, fresh []Addr) (t1, t2 clock.Instant) {
	t1, t2 = until(start, r.T1), until(start, r.T2)
	ours1, ours2 := defaults(start, fresh)
	end := lastEnd(fresh)
	if r.T1 == 0 || t1 > end {
		t1 = ours1
	}
	if r.T2 == 0 || t2 > end {
		t2 = max(ours2, t1)
	}
	t1 = min(t1, t2)
	return max(t1, start.Add(time.Second)), max(t2, start.Add(time.Second))
}

// defaults returns T1 and T2 for a server that names none. Addresses with a preferred
// lifetime of 0 do not count, unless there are no others.
func defaults(start clock.Instant, fresh []Addr) (t1, t2 clock.Instant) {
	shortest := clock.Never
	for _, a := range fresh {
		if a.Preferred > start {
			shortest = min(shortest, a.Preferred)
		}
	}
	if shortest == clock.Never && !slices.ContainsFunc(fresh, func(a Addr) bool { return a.Preferred > start }) {
		shortest = firstEnd(fresh)
	}
	if shortest == clock.Never {
		return clock.Never, clock.Never
	}
	d := shortest.Sub(start)
	return start.Add(d / 2), start.Add(d / 10 * 8)
}

// until returns when a lifetime in seconds ends.
func until(start clock.Instant, life uint32) clock.Instant {
	if life == dhcp6.Infinite {
		return clock.Never
	}
	return start.Add(seconds(life))
}

// ordered returns l with Start ≤ T1 ≤ T2 ≤ the last Valid, and each Preferred ≤
// Valid, whatever the server or the disk says.
func ordered(l Lease) Lease {
	if len(l.Addrs) == 0 {
		return l
	}
	l.Addrs = slices.Clone(l.Addrs)
	for i := range l.Addrs {
		l.Addrs[i].Preferred = min(l.Addrs[i].Preferred, l.Addrs[i].Valid)
	}
	l.T2 = min(l.T2, lastEnd(l.Addrs))
	l.T1 = min(l.T1, l.T2)
	l.Start = min(l.Start, l.T1)
	return l
}

// live returns the addresses that have not expired.
func live(as []Addr, now clock.Instant) []Addr {
	var out []Addr
	for _, a := range as {
		if a.Addr.IsValid() && a.Valid > now {
			out = append(out, a)
		}
	}
	return out
}

func firstEnd(as []Addr) clock.Instant {
	end := clock.Never
	for _, a := range as {
		end = min(end, a.Valid)
	}
	return end
}

func lastEnd(as []Addr) clock.Instant {
	var end clock.Instant
	for _, a := range as {
		end = max(end, a.Valid)
	}
	return end
}

func addrs(as []Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(as))
	for _, a := range as {
		out = append(out, a.Addr)
	}
	return out
}

func has(as []Addr, a netip.Addr) bool {
	return slices.ContainsFunc(as, func(x Addr) bool { return x.Addr == a })
}
