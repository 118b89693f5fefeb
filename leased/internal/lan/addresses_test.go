// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

var addr = netip.MustParseAddr("192.0.2.9")

// wantOffered wants an answer of Offered.
func wantOffered(t *testing.T, m *told, check, refused, decline bool) {
	t.Helper()
	if r, d := m.Offered(addr, check); r != refused || d != decline {
		t.Errorf("refused: %v, decline: %v; want %v, %v", r, d, refused, decline)
	}
}

func TestOfferOfAnAddressInUse(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two, far := w.member(1), w.member(2), w.join(numbered("br1", 3))
		wantOffered(t, one, true, false, false)
		if !one.Claimed(addr, numbered("", 99).MAC, false).Decline {
			t.Error("the first is not declined")
		}
		wantOffered(t, two, true, true, true) // it is refused for all
		wantOffered(t, two, false, false, false)
		wantOffered(t, far, true, false, false)
		time.Sleep(refusedFor)
		wantOffered(t, two, true, false, false)
	})
}

func TestOfferOfAnotherContainersAddress(t *testing.T) {
	inWorld(t, func(w *world) {
		owner, same, other := w.member(1), w.member(1), w.member(2)
		owner.SetAddr(addr)
		wantOffered(t, owner, false, false, false)
		wantOffered(t, same, false, false, false)
		wantOffered(t, w.join(numbered("br1", 3)), false, false, false)
		wantOffered(t, other, false, true, true)
		same.SetAddr(addr)
		owner.SetAddr(netip.Addr{}) // it is the other one's by now
		time.Sleep(refusedFor)
		wantOffered(t, other, true, true, true)
		same.Leave()
		wantOffered(t, other, true, false, false) // at once: a server may offer it next
	})
}

func TestOffersOfOthersAddressesAreNotAllDeclined(t *testing.T) {
	inWorld(t, func(w *world) {
		other, a, declined := w.member(0), addr, 0
		for i := range 20 {
			w.member(i + 1).SetAddr(a)
			refused, decline := other.Offered(a, true)
			if a = a.Next(); !refused {
				t.Error("not refused")
			}
			if decline {
				declined++
			}
		}
		if declined != maxDeclines {
			t.Errorf("%d declined", declined)
		}
	})
}

func TestIsOurs(t *testing.T) {
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	for name, c := range map[string]struct {
		host   string
		cookie uint64
		dead   bool
		addr   netip.Addr
		mac    net.HardwareAddr
		want   bool
	}{
		"another interface of the same container": {host: "br1", cookie: 1, addr: addr, mac: mac, want: true},
		"another container of the LAN":            {host: "br0", cookie: 2, addr: addr, mac: mac, want: true},
		"of another LAN, with another address":    {host: "br1", cookie: 2, addr: addr.Next(), mac: mac, want: true},
		"of another LAN, without an address":      {host: "br1", cookie: 2, mac: mac, want: true},
		"of another LAN, with this address":       {host: "br1", cookie: 2, addr: addr, mac: mac},
		"dead":                                    {host: "br0", cookie: 1, addr: addr, mac: mac, dead: true},
		"another machine":                         {host: "br0", cookie: 1, mac: net.HardwareAddr{2, 0, 0, 0, 0, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				one := w.join(Identity{Host: "br0", Client: "one", MAC: mac, Cookie: 1})
				one.SetLive(true) // with the same MAC, which is not a proof
				other := w.join(Identity{Host: c.host, Client: "other", MAC: c.mac, Cookie: c.cookie})
				other.SetLive(!c.dead)
				other.SetAddr(c.addr)
				if got := one.IsOurs(addr, mac); got != c.want {
					t.Errorf("it is ours: %v", got)
				}
				other.Leave()
				if one.IsOurs(addr, mac) {
					t.Error("it is ours after it left")
				}
				one.Leave()
				if len(w.lans.byMAC) != 0 {
					t.Errorf("the index keeps %v", w.lans.byMAC)
				}
			})
		})
	}
}
