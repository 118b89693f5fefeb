// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

var stranger = netip.MustParseAddr("192.0.2.66")

// by has another server say what a server says.
func by(other netip.Addr, a answer) answer {
	return func(m message) []dt.Server {
		said := a(m)
		for _, s := range said {
			for i, o := range s.Options {
				if o[0] == 54 {
					s.Options[i] = dt.OptAddr(54, other.String())
				}
			}
		}
		return said
	}
}

// both has one server answer before the other.
func both(first, second answer) answer {
	return func(m message) []dt.Server { return slices.Concat(first(m), second(m)) }
}

func (w *world) allowing(server netip.Addr, i int) leaseapi.AcquireRequest {
	req := w.container(i)
	req.Client.Servers = []netip.Prefix{netip.PrefixFrom(server, 32)}
	return req
}

// Whatever a server says that is not on the list, and however fast: it gives no lease, takes no
// lease, and is nobody that a LAN has heard.
func TestServersThatAreNotAllowed(t *testing.T) {
	for name, a := range map[string]answer{
		"a lease": by(stranger, grant(time.Minute)), "NAK": by(stranger, refuse),
		"a sibling's address": by(stranger, func(m message) []dt.Server { return give(m, netip.MustParseAddr("192.0.2.12"), time.Hour) }),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.acquire(w.container(12))
				req := w.allowing(router, 9)
				w.server.set(both(a, grant(time.Hour)))
				if l, _ := w.acquire(req); l.Address.Addr() != netip.MustParseAddr("192.0.2.9") {
					t.Errorf("bound %v", l.Address)
				}
				for range 3 { // T1, a restart at T1, T2
					w.server.set(both(a, grant(time.Hour)))
					w.pass(31 * time.Minute)
					if err := w.restart(func() { time.Sleep(31 * time.Minute) }); err != nil {
						t.Error(err)
					}
					w.server.set(a)
					w.pass(10 * time.Minute)
				}
				w.wantLease(req, router)
			})
		})
	}
}

// wantLease wants that an attachment has a lease of the server.
func (w *world) wantLease(req leaseapi.AcquireRequest, server netip.Addr) {
	w.t.Helper()
	for _, s := range listed(w.m) {
		if s.Attachment.ContainerID == req.Attachment.ContainerID && s.Lease != nil && s.Lease.Server == server {
			return
		}
	}
	w.t.Errorf("no lease of %s: %+v", server, listed(w.m))
}

// The error names the server that has answered. The list's servers are silent all the same: a
// start after this one waits a second.
func TestErrorNamesTheServerThatIsNotAllowed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(by(stranger, grant(time.Hour)))
		l, _, err := w.m.Acquire(context.Background(), w.allowing(router, 9))
		w.noLease(l, err, "no lease on br0 within 10s: 192.0.2.66 answered, but: ", "server= does not allow this server; if it is yours, add it to server=")
		w.rest()
		if got := w.server.count("REQUEST packet"); got != 0 {
			t.Errorf("%d REQUESTs", got)
		}
		if got := w.m.env.LANs.TimeToStart("br0", "web10", 10*time.Second); got != time.Second {
			t.Errorf("the next start waits %s", got)
		}
		w.acquire(w.container(12)) // anybody may use it who has no list
	})
}

// A lease of a server that the list does not allow any more is not asked for again, nor used while
// the others are silent.
func TestListAfterTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.Release = "10m"
		w.server.set(by(stranger, grant(time.Hour)))
		w.acquire(req)
		w.goes(req)
		again := w.anew(req)
		again.Client.Servers = []netip.Prefix{netip.PrefixFrom(router, 32)}
		l, _, err := w.m.Acquire(context.Background(), again)
		w.noLease(l, err, "192.0.2.66 answered")
		w.rest()
		w.wantHeard("DISCOVER packet", "DISCOVER packet", "DISCOVER packet", "DISCOVER packet")
	})
}
