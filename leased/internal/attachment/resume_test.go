// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/record"
)

// keyed is a Host that nobody calls but for its key.
type keyed struct{ Host }

func (keyed) Key() string { return "id" }

// A record tells the phase, and whether there is a memo of the client.
func TestPhaseOfARecord(t *testing.T) {
	t.Parallel()
	env := &Env{
		Now: func() clock.Instant { return now }, Rand: func() uint64 { return 1 },
		LANs: lan.New(lan.Config{Now: func() clock.Instant { return now }}),
	}
	s := shown4()
	six := lease6.Lease{Addrs: []lease6.Addr{{Addr: dns6, Valid: now.Add(time.Hour)}}, Server: []byte{0, 3}}
	until := now.Add(20 * time.Second)
	for name, tt := range map[string]struct {
		r         record.Record
		phase     Phase
		until     clock.Instant
		remembers bool
	}{
		"waits":    {record.Record{Waiting: true}, Queued, clock.Never, false},
		"in use":   {record.Record{Lease: *s.v4.Lease, Bound: *s.v4.Bound}, Ready, clock.Never, true},
		"held":     {record.Record{Lease: *s.v4.Lease, Held: true, Until: until}, Held, until, true},
		"no IPv4":  {record.Record{Waiting: true, IPv6: &record.IPv6{Lease: six}}, Queued, clock.Never, true},
		"SLAAC":    {record.Record{Waiting: true, IPv6: &record.IPv6{}}, Queued, clock.Never, false},
		"held six": {record.Record{Waiting: true, Held: true, Until: until, IPv6: &record.IPv6{Lease: six}}, Held, until, true},
	} {
		tt.r.Request = *s.req
		a := Resume(env, keyed{}, &tt.r, kernel.Place{Cookie: 1001})
		if a.Phase() != tt.phase || a.until != tt.until || a.remembers != tt.remembers {
			t.Errorf("%s: %v until %v, remembers %v", name, a.Phase(), a.until, a.remembers)
		}
		if got, want := a.v4.InUse().Addr, tt.r.Lease.Addr; tt.phase == Ready && got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		a.lan.Leave()
	}
}
