// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
	"podman-net-dhcp/leased/internal/record"
)

// asked has the fake server note option 50 of each DISCOVER.
func (w *world) asked() func() []string {
	var all []string
	answer := grant(time.Hour)
	w.server.set(func(m message) []dt.Server {
		if m.kind == dhcp4.Discover {
			all = append(all, fmt.Sprint(m.RequestedIPAddress()))
		}
		return answer(m)
	})
	return func() []string { w.rest(); now := all; all = nil; return now }
}

// A container that was away for longer than its grace asks for its address again, also when
// leased, or the host, was away as well, and not for ever.
func TestFormerAddressIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		release string
		between func(w *world)
		want    string
	}{
		"released at once":     {"now", func(*world) {}, "192.0.2.9"},
		"grace is over":        {"20s", func(w *world) { w.pass(time.Minute) }, "192.0.2.9"},
		"lease is over":        {"never", func(w *world) { w.pass(2 * time.Hour) }, "192.0.2.9"},
		"leased is restarted":  {"now", func(w *world) { _ = w.restart(func() {}) }, "192.0.2.9"},
		"host is rebooted":     {"now", func(w *world) { w.reboot(time.Hour) }, "192.0.2.9"},
		"away for a long time": {"20s", func(w *world) { w.reboot(record.FormerFor + time.Hour) }, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				asked := w.asked()
				req := w.under(c.release, 9)
				w.acquire(req)
				w.goes(req)
				w.m.memory.Flush()
				c.between(w)
				asked()
				w.acquire(w.under(c.release, 9))
				w.want("option 50 was", asked(), []string{c.want})
			})
		})
	}
}

// A host that was off until its leases were over: its containers ask for their addresses.
func TestFormerAddressAfterALongReboot(t *testing.T) {
	inWorld(t, func(w *world) {
		asked := w.asked()
		w.acquire(w.under("20s", 9))
		w.pass(written)
		w.reboot(48 * time.Hour)
		asked()
		w.acquire(w.under("20s", 9))
		w.want("option 50 was", asked(), []string{"192.0.2.9"})
	})
}

// DHCPv6's are hints in SOLICIT. What the user asks for goes before both.
func TestFormerAddressOfIPv6(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		var hints []string
		w.kernel.six.server.with(func(s *server6) {
			s.look = func(typ dhcp6.Type, msg []byte) {
				if typ != dhcp6.Solicit {
					return
				}
				if ia := dhcp6test.Value(msg, 3); len(ia) >= 12+4+16 {
					hints = append(hints, netip.AddrFrom16([16]byte(ia[16:32])).String())
					return
				}
				hints = append(hints, "none")
			}
		})
		w.acquire(req)
		w.goes(req)
		w.pass(time.Minute)
		w.acquire(w.container6(1, "auto"))
		w.want("SOLICIT hinted at", hints, []string{"none", "2001:db8::100"})
	})
}

// The table is bounded; the oldest go first.
func TestFormersAreBounded(t *testing.T) {
	t.Parallel()
	s, now := newFormers(), time.Now()
	for i := range maxFormers {
		if gone := s.put(fmt.Sprint(i), former{since: now.Add(time.Duration(i))}); gone != "" {
			t.Fatalf("%s is gone", gone)
		}
	}
	if gone := s.put("new", former{since: now.Add(time.Hour)}); gone != "0" || len(s.byClient) != maxFormers {
		t.Errorf("%q is gone of %d", gone, len(s.byClient))
	}
}
