// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net/netip"
	"testing"
	"time"
)

// An access point that answers for the hosts that it knows answers for a container's address
// under the MAC that the container had before.
func TestFormerMACIsOurs(t *testing.T) {
	inWorld(t, func(w *world) {
		before, now, far := w.member(1), w.member(2), w.join(numbered("br1", 3))
		before.SetLive(true)
		before.SetAddr(addr)
		mac := numbered("", 1).MAC
		before.SetAddr(addr) // a renewal
		before.Leave()
		for name, c := range map[string]struct{ got, want bool }{
			"the address":        {now.IsOurs(addr, mac), true},
			"another address":    {now.IsOurs(addr.Next(), mac), false},
			"another machine":    {now.IsOurs(addr, numbered("", 9).MAC), false},
			"on another LAN":     {far.IsOurs(addr, mac), false},
			"a MAC of no length": {now.IsOurs(addr, nil), false},
		} {
			if c.got != c.want {
				t.Errorf("%s is ours: %v", name, c.got)
			}
		}
		time.Sleep(formerMACTime)
		if now.IsOurs(addr, mac) {
			t.Error("it is ours a day later")
		}
	})
}

// A living container with that MAC speaks for itself.
func TestFormerMACThatLivesElsewhere(t *testing.T) {
	inWorld(t, func(w *world) {
		before, now, far := w.member(1), w.member(2), w.join(numbered("br1", 1))
		before.SetAddr(addr)
		before.Leave()
		far.SetLive(true)
		far.SetAddr(addr)
		if now.IsOurs(addr, numbered("", 1).MAC) {
			t.Error("the address of a container on another LAN is ours")
		}
	})
}

// mac=random gives a container another MAC at each start; the oldest one is forgotten.
func TestFormerMACsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		one := w.member(0)
		for i := range 2 * maxFormerMACs {
			m := w.member(i + 1)
			m.SetAddr(addr)
			m.SetAddr(netip.Addr{})
			time.Sleep(time.Second)
		}
		if n := len(one.lan.former); n != maxFormerMACs {
			t.Errorf("%d are remembered", n)
		}
		if !one.IsOurs(addr, numbered("", 2*maxFormerMACs).MAC) || one.IsOurs(addr, numbered("", 1).MAC) {
			t.Error("it is not the oldest one that was forgotten")
		}
	})
}

// The DHCP server's machine is a proxy from its first claim on.
func TestServerIsAProxy(t *testing.T) {
	inWorld(t, func(w *world) {
		one, other := w.member(1), w.member(2)
		for i, want := range []Claim{{Proxy: true, News: true}, {Proxy: true}} {
			if got := []*told{one, other}[i].Claimed(proxied[i], foe, i == 0); got != want {
				t.Errorf("claim %d is %+v, want %+v", i, got, want)
			}
		}
		wantOffered(t, one, true, false, false)
	})
}
