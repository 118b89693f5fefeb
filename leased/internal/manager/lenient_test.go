// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// without makes the answers of a server that leaves an option out.
func without(code byte, a answer) answer {
	return func(m message) []dt.Server {
		all := a(m)
		for i, s := range all {
			all[i].Options = slices.DeleteFunc(s.Options, func(o []byte) bool { return o[0] == code })
		}
		return all
	}
}

// A server without an identifier is its address: the REQUEST names it, the lease is renewed
// there, and its NAK counts.
func TestServerWithoutIdentifier(t *testing.T) {
	inWorld(t, func(w *world) {
		var named []string
		anonymous := func(a answer) answer {
			return without(54, func(m message) []dt.Server {
				if m.kind == dhcp4.Request {
					named = append(named, m.via+" "+m.ServerIdentifier().String())
				}
				return a(m)
			})
		}
		w.server.set(anonymous(grant(time.Hour)))
		w.acquire(w.container(9))
		w.server.set(anonymous(func(m message) []dt.Server {
			if m.via == "unicast" {
				return refuse(m)
			}
			return give(m, netip.MustParseAddr("192.0.2.77"), time.Hour)
		}))
		w.pass(31 * time.Minute)
		if want := []string{"packet 192.0.2.1", "unicast <nil>", "packet 192.0.2.1"}; !slices.Equal(named, want) {
			t.Errorf("REQUESTs to %q, want %q", named, want)
		}
		w.wantState("BOUND")
	})
}

// A lease of no time is one to be asked for again soon.
func TestLeaseOfNoTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(func(m message) []dt.Server {
			all := without(51, grant(time.Hour))(m)
			for i := range all {
				all[i].Options = append(all[i].Options, dt.OptTime(51, 0))
			}
			return all
		})
		w.acquire(w.container(9))
		w.pass(time.Hour)
		w.wantState("BOUND")
		if n := w.server.count("REQUEST unicast"); n < 400 || n > 500 {
			t.Errorf("%d renewals in an hour", n)
		}
		if n := w.server.count("DISCOVER packet"); n != 1 {
			t.Errorf("%d DISCOVERs", n)
		}
	})
}
