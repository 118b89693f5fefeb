// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/netip"
	"testing"
	"time"

	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

const unreached = "the lease names this host, which a macvlan on the host's interface cannot reach"

// Once a start, and again where the lease changes.
func TestLeaseNamesItsOwnHost(t *testing.T) {
	for name, addr := range map[string]string{"DNS server": "192.0.2.53", "router": "192.0.2.1"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.itself = []netip.Addr{netip.MustParseAddr(addr)}
				w.acquire(w.container(9))
				w.pass(10 * time.Hour) // renewals
				if n := w.log.count(unreached); n != 1 || !w.log.has("addr=["+addr+"] on=br0") {
					t.Errorf("told %d times", n)
				}
			})
		})
	}
}

func TestOtherHostsAreReached(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.itself = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
		w.acquire(w.container(9))
		if w.log.has(unreached) {
			t.Error("told")
		}
	})
}

// The lease comes after a start that did not wait for it.
func TestLeaseThatComesLaterNamesItsOwnHost(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.itself = []netip.Addr{netip.MustParseAddr("192.0.2.53")}
		w.server.set(silent)
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		w.server.set(func(m message) []dt.Server { return give(m, nine, time.Hour) })
		w.pass(2 * time.Minute)
		if n := w.log.count(unreached); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestServerOfTheHostItself(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.container(8)
		w.acquire(first) // of another server
		w.release(first.Attachment)
		w.kernel.serves = true
		w.server.set(silent)
		w.inVain(w.container(9), "no DHCP server answered on br0 within 10s", "This host runs a DHCP server, which a macvlan on br0 cannot reach: put br0 into a bridge")
	})
}
