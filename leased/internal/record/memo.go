// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
)

// Memo is a record that outlives a reboot: the leases that an attachment had. A
// container that comes back asks for them again; leased gives back the others. The
// record's instants are of the boot that wrote it.
type Memo struct {
	Record
	// Written and Expires are by the wall clock, which alone goes on over a reboot.
	// Expires is the IPv4 lease's end; zero: none, as of an infinite lease.
	Written, Expires time.Time
	// At is Written by the clock of its boot. The IPv6 lease's remaining time counts
	// from it.
	At clock.Instant
	// Former says that the leases have ended, by a RELEASE or otherwise. Only their addresses
	// count: the client asks for them again.
	Former bool
}

// FormerFor is how long former addresses are asked for.
const FormerFor = 30 * 24 * time.Hour

// Ended returns the memo of leases that end now. A leased that does not know Former finds
// that they are over, and deletes it.
func (m Memo) Ended() Memo {
	m.Former, m.Expires = true, m.Written
	m.Lease.T1, m.Lease.T2, m.Lease.Expiry = m.At, m.At, m.At
	if m.IPv6 != nil {
		six := *m.IPv6
		six.Bound, six.Lease.Addrs = nil, slices.Clone(six.Lease.Addrs)
		for i := range six.Lease.Addrs {
			six.Lease.Addrs[i].Preferred, six.Lease.Addrs[i].Valid = m.At, m.At
		}
		m.IPv6 = &six
	}
	m.Bound = binding.Spec{}
	return m
}

// Addrs are the addresses of the memo's leases.
func (m Memo) Addrs() (four netip.Addr, six []netip.Addr) {
	if m.IPv6 != nil {
		for _, a := range m.IPv6.Lease.Addrs {
			six = append(six, a.Addr)
		}
	}
	return m.Lease.Addr.Addr(), six
}

// MarshalJSON returns the memo as it is on disk.
func (m Memo) MarshalJSON() ([]byte, error) {
	return json.Marshal(diskMemo{disk: toDisk(m.Record), Written: m.Written, Expires: m.Expires, At: m.At, Former: m.Former})
}

// UnmarshalJSON reads a memo from disk. It fails where the memo cannot be right, with
// the reason; m is as it was then.
func (m *Memo) UnmarshalJSON(b []byte) error {
	var d diskMemo
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	d.Waiting = !d.Lease.Addr.IsValid() // else the memo is about a lease
	r, err := d.record()
	switch {
	case err != nil:
		return err
	case d.At < 0:
		return errors.New("a memo from before its boot")
	}
	*m = Memo{Record: r, Written: d.Written, Expires: d.Expires, At: d.At, Former: d.Former}
	return nil
}

// Over reports whether both leases have ended at wall.
func (m Memo) Over(wall time.Time) bool {
	over := !m.Lease.Addr.IsValid() || !m.Expires.IsZero() && !wall.Before(m.Expires)
	if m.IPv6 != nil {
		over = over && Expiry6(m.IPv6.Lease) <= m.At.Add(max(wall.Sub(m.Written), 0))
	}
	return over
}

// Revived returns the memo of another boot as a record by this boot's clock, which
// is at now when the wall clock is at wall. If the wall clock has gone back since
// Written, the remaining time of a finite lease is unknown: the lease counts as
// expired, and servers can still be asked for it. Nothing of IPv6 is applied.
func (m Memo) Revived(now clock.Instant, wall time.Time) Record {
	r := m.Record
	if r.Lease.Addr.IsValid() {
		r.Lease = m.revived4(now, wall)
	}
	if r.IPv6 != nil {
		r.IPv6 = &IPv6{Lease: m.revived6(now, wall.Sub(m.Written)), Routers: r.IPv6.Routers}
	}
	return r
}

func (m Memo) revived4(now clock.Instant, wall time.Time) lease4.Lease {
	l := m.Lease
	l.Start, l.T1, l.T2 = now, now, now
	switch left := m.Expires.Sub(wall); {
	case m.Expires.IsZero():
		l.Expiry = clock.Never
	case wall.Before(m.Written) || left < 0:
		l.Expiry = now
	default:
		l.Expiry = now.Add(left)
	}
	return l
}

// revived6 is told how long ago the memo was written.
func (m Memo) revived6(now clock.Instant, ago time.Duration) lease6.Lease {
	left := func(t clock.Instant) clock.Instant {
		switch {
		case t == clock.Never:
			return t
		case ago < 0 || t.Sub(m.At) < ago:
			return now
		}
		return now.Add(t.Sub(m.At) - ago)
	}
	l := m.IPv6.Lease
	l.Start, l.T1, l.T2 = now, now, left(l.T2)
	l.Addrs = slices.Clone(l.Addrs)
	for i, a := range l.Addrs {
		l.Addrs[i].Preferred, l.Addrs[i].Valid = left(a.Preferred), left(a.Valid)
	}
	return l
}

// Expiry6 returns when the last address of a lease ends; 0: it has none.
func Expiry6(l lease6.Lease) (last clock.Instant) {
	for _, a := range l.Addrs {
		last = max(last, a.Valid)
	}
	return last
}
