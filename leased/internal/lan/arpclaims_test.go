// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

var foe, proxied = numbered("", 99).MAC, [...]netip.Addr{
	netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.12"),
}

// The third address within a minute makes a machine a proxy, and what it claimed before is
// not refused any more. It is a proxy for an hour after its last claim.
func TestProxy(t *testing.T) {
	inWorld(t, func(w *world) {
		one, other := w.member(1), w.member(2)
		for i, want := range []Claim{{Decline: true}, {Decline: true, Again: true}, {Proxy: true, News: true}, {Proxy: true}} {
			if got := []*told{one, other}[i%2].Claimed(proxied[i], foe, false); got != want {
				t.Errorf("claim %d is %+v, want %+v", i, got, want)
			}
			time.Sleep(19 * time.Second)
		}
		wantOffered(t, other, true, false, false)
		for range 3 {
			time.Sleep(proxyTime - 20*time.Second)
			if got := one.Claimed(addr, foe, false); got != (Claim{Proxy: true}) {
				t.Errorf("an hour later: %+v", got)
			}
		}
		time.Sleep(proxyTime)
		if got := one.Claimed(addr, foe, false); got != (Claim{Decline: true}) {
			t.Errorf("after an hour of peace: %+v", got)
		}
	})
}

// What is no proxy: a machine whose one address is given again and again, one with two
// addresses, one with a claim now and then, and machines with an address each.
func TestNoProxy(t *testing.T) {
	for name, claim := range map[string]func(i int) (addr int, from net.HardwareAddr, pause time.Duration){
		"one address":      func(int) (int, net.HardwareAddr, time.Duration) { return 0, foe, time.Second },
		"two addresses":    func(i int) (int, net.HardwareAddr, time.Duration) { return i % 2, foe, time.Second },
		"now and then":     func(i int) (int, net.HardwareAddr, time.Duration) { return i % 4, foe, claimTime / 2 },
		"many machines":    func(i int) (int, net.HardwareAddr, time.Duration) { return i % 4, numbered("", i).MAC, time.Second },
		"not Ethernet":     func(i int) (int, net.HardwareAddr, time.Duration) { return i % 4, foe[:4], time.Second },
		"without an owner": func(i int) (int, net.HardwareAddr, time.Duration) { return i % 4, nil, time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				m := w.member(1)
				for i := range 40 {
					a, from, pause := claim(i)
					if got := m.Claimed(proxied[a], from, false); got.Proxy {
						t.Fatalf("claim %d is %+v", i, got)
					}
					wantOffered(t, m, false, false, false)
					time.Sleep(pause)
				}
			})
		})
	}
}

// A flood of machines takes no memory, and what they claim is refused as ever.
func TestClaimsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.member(1)
		for i := range 10 * maxClaimants {
			if got := m.Claimed(addr, numbered("", i).MAC, false); got.Proxy || got.Again {
				t.Fatalf("claim %d is %+v", i, got)
			}
		}
		if n := len(m.lan.claims); n > maxClaimants {
			t.Errorf("%d machines are remembered", n)
		}
		wantOffered(t, m, true, true, true)
		time.Sleep(claimTime)
		m.Claimed(addr, foe, false)
		if n := len(m.lan.claims); n != 1 {
			t.Errorf("%d machines are remembered a minute later", n)
		}
	})
}
