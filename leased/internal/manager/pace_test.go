// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// restless gives leases for life, each with other names, servers and routes than the one
// before; T1 is in some seconds.
func restless(life time.Duration, t1 uint32) answer {
	var sent atomic.Int32
	return func(m message) []dt.Server {
		n := sent.Add(1)
		all := grant(life)(m)
		for i := range all {
			o := all[i].Options[:5]
			o = append(o, dt.OptAddr(6, fmt.Sprintf("192.0.2.%d", 100+n%100)), dt.OptText(15, fmt.Sprintf("n%d.example", n)))
			var routes []byte
			for r := range 60 {
				routes = append(routes, 24, 10, byte(n), byte(r), 192, 0, 2, 1)
			}
			o = append(o, dt.Opt(121, routes[:240]...), dt.Opt(121, routes[240:]...))
			all[i].Options = append(o, dt.OptTime(58, t1), dt.Opt(26, 5, byte(n)))
		}
		return all
	}
}

// fickle refuses each renewal, and gives another address then.
func fickle(life time.Duration, t1 uint32) answer {
	give := restless(life, t1)
	return func(m message) []dt.Server {
		if m.via == "unicast" {
			return refuse(m)
		}
		return give(m)
	}
}

// deaf answers no renewal, so that each lease ends.
func deaf(life time.Duration) answer {
	give := restless(life, 0)
	return func(m message) []dt.Server {
		if m.kind == dhcp4.Request && m.ClientIPAddr.To4() != nil && !m.ClientIPAddr.IsUnspecified() {
			return nil
		}
		return give(m)
	}
}

// A server does not set leased's pace. Ten containers with leases of a second that change
// each time made 110 lines and 35 fsyncs a second; a write of a memo is two fsyncs.
func TestServerDoesNotSetThePace(t *testing.T) {
	const minutes, containers = 2, 10
	for name, c := range map[string]struct {
		answer   answer
		requests int // of a container
	}{
		"leases of a second":      {restless(time.Second, 0), 250},
		"leases of two seconds":   {restless(2*time.Second, 0), 130},
		"T1 of a second":          {restless(time.Hour, 1), 30},
		"each renewal is refused": {fickle(time.Hour, 1), 60},
		"each lease ends":         {deaf(2 * time.Second), 200},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.server.set(c.answer)
				for i := range containers {
					req := w.container(i + 2)
					req.Policy.ResolvConf = true
					w.acquire(req)
				}
				w.pass(minutes * time.Minute)
				lines, most := w.log.count("\n"), containers*(60+20+minutes*(12+4+1))
				if lines > most || !w.log.has("lines left out in the last minute") {
					t.Errorf("%d lines, want at most %d and a count of the others", lines, most)
				}
				if n, most := w.memory.wrote(), containers*(minutes+1)*2; n > most {
					t.Errorf("%d memos were written or deleted, want at most %d", n, most)
				}
				if n, most := w.server.count("REQUEST unicast")+w.server.count("REQUEST packet"), containers*c.requests; n > most {
					t.Errorf("%d REQUESTs, want at most %d", n, most)
				}
				w.server.set(grant(time.Hour))
				w.pass(2 * time.Minute)
				for _, s := range listed(w.m) {
					if s.State != "BOUND" || s.Lease == nil {
						t.Errorf("%+v", s)
					}
				}
			})
		})
	}
}

// A lease of seconds is followed: its address is in use all the time, and no longer than the
// server says.
func TestLeaseOfASecondIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(restless(time.Second, 0))
		w.acquire(w.container(9))
		for range 1000 {
			w.pass(777 * time.Millisecond)
			if l := listed(w.m)[0].Lease; l == nil || l.Address != netip.MustParsePrefix("192.0.2.9/24") {
				t.Fatalf("lease %+v", l)
			}
		}
		w.kernel.since()
		w.server.set(silent)
		w.pass(time.Second)
		if calls := strings.Join(w.kernel.since(), "\n"); !strings.Contains(calls, "remove 192.0.2.9/24") {
			t.Errorf("the address stays: %s", calls)
		}
	})
}
