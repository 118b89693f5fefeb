// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

var (
	nine, ten = netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.10")
	rogue     = net.HardwareAddr{2, 0xee, 0, 0, 0, 1}
)

// checked is a request of container i with a conflict check.
func (w *world) checked(how string, i int) leaseapi.AcquireRequest {
	req := w.container(i)
	req.Policy.ConflictCheck = how
	return req
}

// owned has another machine have an address.
func (w *world) owned(addr netip.Addr) {
	w.kernel.with(func(k *fakeKernel) { k.owners[addr], k.delay = rogue, time.Millisecond }) // ARP is faster than DHCP
}

func (w *world) wantARP(want ...string) {
	w.t.Helper()
	w.kernel.mu.Lock()
	got := slices.Clone(w.kernel.arps)
	w.kernel.arps = nil
	w.kernel.mu.Unlock()
	w.want("said in ARP", got, want)
}

// nextAfterDecline gives the next address after each DECLINE.
func nextAfterDecline(first netip.Addr) answer {
	next := first
	return func(m message) []dt.Server {
		if m.kind == dhcp4.Decline {
			next = next.Next()
		}
		return give(m, next, time.Hour)
	}
}

func TestQuickCheckOfAFreeAddress(t *testing.T) {
	inWorld(t, func(w *world) {
		begin := time.Now()
		w.acquire(w.checked("quick", 9))
		if d := time.Since(begin); d > 0 {
			t.Errorf("it took %s", d)
		}
		w.wantARP("probe 192.0.2.9", "announce 192.0.2.9")
		w.pass(1500 * time.Millisecond)
		if n := w.kernel.open.Load(); n != 0 {
			t.Errorf("%d sockets are open after the check", n)
		}
		w.pass(time.Hour)
		w.wantARP("announce 192.0.2.9")
	})
}

func TestQuickCheckDeclinesAndTakesTheNext(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(nextAfterDecline(nine))
		w.owned(nine)
		l, _, err := w.m.Acquire(context.Background(), w.checked("quick", 9))
		w.rest()
		if err != nil || l.Address.Addr() != ten {
			t.Fatalf("Acquire: %+v, %v", l, err)
		}
		w.wantHeard("DISCOVER packet", "REQUEST packet", "DECLINE packet", "DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.10/24")
	})
}

// An answer that has come before the ACK counts before the ACK does, even if nobody
// has got round to telling it: else the container would be told the wrong address.
func TestQuickCheckAnsweredJustBeforeTheACK(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(nextAfterDecline(nine))
		w.kernel.with(func(k *fakeKernel) { k.owners[nine], k.noARP = rogue, true })
		l, _, err := w.m.Acquire(context.Background(), w.checked("quick", 9))
		if err != nil || l.Address.Addr() != ten {
			t.Errorf("Acquire: %+v, %v", l, err)
		}
		w.rest()
		w.wantCalls("packet", "apply 192.0.2.10/24")
	})
}

// The other machine answers late, when the address is in use by us already.
func TestQuickCheckAnsweredLate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(nextAfterDecline(nine))
		w.acquire(w.checked("quick", 9))
		w.kernel.hint(arrival{conflict: wire.Conflict{Addr: nine, MAC: rogue}})
		w.pass(200 * time.Millisecond) // in which no router says that it is the machine
		w.wantHeard("DISCOVER packet", "REQUEST packet", "DECLINE packet", "DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.9/24", "packet", "remove 192.0.2.9/24", "apply 192.0.2.10/24")
		w.wantState("BOUND")
	})
}

// A switch that tracks hosts probes for the address that it has seen in the ACK: the
// container's kernel answers, and that is all.
func TestProbeForAnAddressInUse(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.checked("quick", 9))
		for _, mac := range []net.HardwareAddr{rogue, {2, 0xee, 0, 0, 0, 2}} {
			w.kernel.hint(arrival{conflict: wire.Conflict{Addr: nine, MAC: mac, Probe: true}})
		}
		w.rest()
		w.wantState("BOUND")
		w.wantHeard("DISCOVER packet", "REQUEST packet")
		w.wantCalls("packet", "apply 192.0.2.9/24")
		w.acquire(w.checked("quick", 10)) // nor is another one refused for it
	})
}

// Before the address is in use, the probe of a machine that wants it, too, is a conflict.
func TestProbeForAnAddressThatWeProbe(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(nextAfterDecline(nine))
		got := w.inBackground(context.Background(), w.checked("rfc5227", 9))
		w.pass(1500 * time.Millisecond)
		w.kernel.hint(arrival{conflict: wire.Conflict{Addr: nine, MAC: rogue, Probe: true}})
		w.pass(8 * time.Second)
		if r := <-got; r.err != nil || r.lease.Address.Addr() != ten {
			t.Errorf("Acquire: %+v", r)
		}
	})
}

// A router that answers ARP for every address, its own leases included, is no other host, with
// any check and whenever it answers.
func TestServerThatClaimsEveryAddress(t *testing.T) {
	for _, check := range []string{"quick", "rfc5227"} {
		t.Run(check, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.claimed(func(int) net.HardwareAddr { return routerMAC })
				for i := range 3 {
					w.acquire(w.checked(check, i+9))
				}
				w.kernel.hint(arrival{conflict: wire.Conflict{Addr: nine, MAC: routerMAC}})
				w.pass(time.Minute)
				for _, s := range listed(w.m) {
					if s.State != "BOUND" {
						t.Errorf("%+v", s)
					}
				}
				if n := w.server.count("DECLINE packet"); n != 0 {
					t.Errorf("%d DECLINEs", n)
				}
				if n := w.log.count("the DHCP server's or the router's machine claims an address"); n != 1 {
					t.Errorf("told %d times", n)
				}
				if n := w.log.count("address is said to be in use by a machine whose claims do not count"); n != 3 {
					t.Errorf("told of %d addresses", n)
				}
			})
		})
	}
}

// The router answers ARP for every address, and the DHCP server is another machine.
func TestRouterThatClaimsEveryAddress(t *testing.T) {
	for name, at := range map[string]net.HardwareAddr{"the router": rogue, "another machine": {2, 0xee, 0, 0, 0, 2}, "nobody": nil} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.server.set(nextAfterDecline(nine))
				w.owned(nine)
				w.kernel.with(func(k *fakeKernel) { k.owners[router] = at })
				want := ten
				if name == "the router" {
					want = nine
				}
				begin := time.Now()
				if l, _ := w.acquire(w.checked("quick", 9)); l.Address.Addr() != want {
					t.Errorf("bound %v", l.Address)
				}
				if took := time.Since(begin); took > 200*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				w.pass(time.Minute)
				w.wantState("BOUND")
			})
		})
	}
}

// An access point answers for a reserved address under the MAC that the container had before.
func TestFormerMACIsNoConflict(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(func(m message) []dt.Server { return give(m, nine, time.Hour) })
		before := w.checked("quick", 9)
		w.acquire(before)
		w.release(before.Attachment)
		w.kernel.with(func(k *fakeKernel) { k.owners[nine] = mustMAC(before.Link.MAC) })
		if l, _ := w.acquire(w.checked("quick", 10)); l.Address.Addr() != nine {
			t.Errorf("bound %v", l.Address)
		}
		w.pass(time.Minute)
		w.wantState("BOUND")
	})
}

func TestFullCheckTakesSeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		begin := time.Now()
		w.acquire(w.checked("rfc5227", 9))
		if d := time.Since(begin); d < 4*time.Second || d > 7*time.Second {
			t.Errorf("it took %s, want 4 to 7 s", d)
		}
		w.wantARP("probe 192.0.2.9", "probe 192.0.2.9", "probe 192.0.2.9", "announce 192.0.2.9")
	})
}

// An address that was found in use is taken by no container of that LAN for 300 s.
func TestRefusedAddressIsRememberedForAll(t *testing.T) {
	inWorld(t, func(w *world) {
		w.owned(nine)
		always := func(m message) []dt.Server { return give(m, nine, time.Hour) }
		w.server.set(always)
		if _, _, err := w.m.Acquire(context.Background(), w.checked("quick", 9)); err == nil {
			t.Fatal("no error")
		}
		if n := w.server.count("DECLINE packet"); n != 2 { // the second 10 s before a third
			t.Errorf("%d DECLINEs", n)
		}
		w.pass(time.Minute)
		w.server.since()
		if _, _, err := w.m.Acquire(context.Background(), w.checked("quick", 11)); err == nil {
			t.Fatal("no error")
		}
		// It is not probed again, but declined, for the server would offer it for ever.
		w.wantHeard("DISCOVER packet", "REQUEST packet", "DECLINE packet", "DISCOVER packet", "REQUEST packet", "DECLINE packet")
		w.kernel.with(func(k *fakeKernel) { clear(k.owners) })
		w.pass(5 * time.Minute)
		w.acquire(w.checked("quick", 12))
	})
}

// claimed has other machines have 200 addresses; by is the machine of each.
func (w *world) claimed(by func(i int) net.HardwareAddr) {
	addr := netip.MustParseAddr("192.0.2.1")
	w.kernel.with(func(k *fakeKernel) {
		for i := range 200 {
			addr = addr.Next()
			k.owners[addr], k.delay = by(i), time.Millisecond
		}
	})
}

// Machines that claim every address, each one: the pool is not drained by DECLINEs.
func TestRogueARPDoesNotDrainThePool(t *testing.T) {
	inWorld(t, func(w *world) {
		w.claimed(func(i int) net.HardwareAddr { return net.HardwareAddr{2, 0xee, 0, 0, 0, byte(i)} })
		w.server.set(nextAfterDecline(nine))
		req := w.checked("quick", 9)
		req.Policy.OnTimeout = "continue"
		if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
			t.Fatalf("Acquire: %+v, %v", l, err)
		}
		w.pass(10 * time.Minute)
		if n := w.server.count("DECLINE packet"); n < 5 || n > 20 { // RFC 2131 §3.1(5): each, but with bounds
			t.Errorf("%d DECLINEs in 10 minutes", n)
		}
	})
}

// One machine that claims every address does not decide who starts: two of its claims
// count, the next ones do not, and it is told of once.
func TestOneMachineThatClaimsEveryAddress(t *testing.T) {
	for check, most := range map[string]time.Duration{"quick": 500 * time.Millisecond, "rfc5227": 10 * time.Second} {
		t.Run(check, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.claimed(func(int) net.HardwareAddr { return rogue })
				next := nine
				given := map[string]netip.Addr{} // by MAC
				w.server.set(func(m message) []dt.Server {
					client := m.ClientHWAddr.String()
					if m.kind == dhcp4.Decline {
						delete(given, client)
					} else if !given[client].IsValid() {
						given[client], next = next, next.Next()
					}
					return give(m, given[client], time.Hour)
				})
				for i := range 10 {
					begin := time.Now()
					w.acquire(w.checked(check, i+2))
					if d := time.Since(begin); d > most {
						t.Errorf("start %d took %s", i, d)
					}
				}
				w.pass(10 * time.Minute)
				for _, s := range listed(w.m) {
					if s.State != "BOUND" {
						t.Errorf("%+v", s)
					}
				}
				if n := w.server.count("DECLINE packet"); n != 2 {
					t.Errorf("%d DECLINEs", n)
				}
				if n := w.log.count("a machine claims every address; its claims do not count"); n != 1 {
					t.Errorf("told %d times", n)
				}
			})
		})
	}
}

// Nor does it when it answers late: the addresses are in use then.
func TestOneMachineThatClaimsLate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(nextAfterDecline(nine))
		w.acquire(w.checked("quick", 9))
		for addr := nine; addr != nine.Next().Next().Next(); addr = addr.Next() {
			w.kernel.hint(arrival{conflict: wire.Conflict{Addr: addr, MAC: rogue}})
			w.pass(200 * time.Millisecond)
		}
		w.wantState("BOUND")
		w.pass(time.Minute)
		if l := listed(w.m)[0].Lease; l.Address.Addr() != ten.Next() {
			t.Errorf("bound %v", l.Address)
		}
	})
}

// A server that gives one address to two of our containers is not believed, check
// or no check.
func TestOneAddressForTwoContainers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(func(m message) []dt.Server { return give(m, nine, time.Hour) })
		w.acquire(w.container(9))
		if l, _, err := w.m.Acquire(context.Background(), w.container(10)); err == nil {
			t.Errorf("bound %+v", l)
		}
		w.wantState("BOUND") // the first
	})
}

// A lease is as good without ARP as without a check.
func TestCheckCannotBeMade(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.with(func(k *fakeKernel) { k.arpError = errors.New("too many open files") })
		w.acquire(w.checked("quick", 9))
		w.pass(time.Hour)
		w.wantState("BOUND")
	})
}

func TestContainerGoesDuringTheCheck(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.checked("rfc5227", 9)
		got := w.inBackground(context.Background(), req)
		w.pass(1500 * time.Millisecond)
		w.kernel.remove(req.Link.Netns)
		w.pass(5 * time.Second)
		if r := <-got; r.err == nil {
			t.Errorf("Acquire: %+v", r)
		}
		w.wantNothingLeft()
	})
}

// A container with two interfaces on one LAN answers for both on both.
func TestOwnInterfaceIsNoConflict(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.checked("quick", 9)
		w.acquire(first)
		second := w.checked("quick", 10)
		at, _ := w.kernel.Find(request.Link{Netns: second.Link.Netns}, "eth0")
		at.Cookie = 1009 // the same netns
		w.kernel.add(at)
		w.kernel.with(func(k *fakeKernel) { k.owners[ten] = mustMAC(first.Link.MAC) })
		if l, _ := w.acquire(second); l.Address.Addr() != ten {
			t.Errorf("bound %v", l.Address)
		}
		if n := w.server.count("DECLINE packet"); n != 0 {
			t.Errorf("%d DECLINEs", n)
		}
	})
}
