// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
)

// Two wait for the same attachment: each has its answer at its own time.
func TestTwoWaitersLate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.TimeoutMS, req.Policy.IPv6TimeoutMS = 1000, 30_000
		w.kernel.six.server.mute = true
		done := make(chan error, 2)
		for range 2 {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_, _, err := w.m.Acquire(ctx, req)
				done <- err
			}()
		}
		w.pass(5 * time.Second)
		if len(done) != 2 {
			t.Errorf("%d of 2 are answered after 5 s", len(done))
		}
		w.pass(2 * time.Minute)
		for range len(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// 32 containers with ipv6=only fill the gate for ever once leased was restarted.
func TestGateAfterRestartOfOnly(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		for i := range 32 {
			w.acquire(w.container6(i+1, "only"))
		}
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		if _, _, err := w.m.Acquire(context.Background(), w.container(200)); err != nil {
			t.Errorf("an IPv4 container on the same LAN: %v", err)
		}
	})
}

// The same by on_timeout=continue.
func TestGateOnlyContinues(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 32 {
			req := w.container6(i+1, "only")
			req.Policy.OnTimeout, req.Policy.TimeoutMS = "continue", 1000
			go w.m.Acquire(context.Background(), req)
		}
		w.pass(time.Hour)
		if _, _, err := w.m.Acquire(context.Background(), w.container(200)); err != nil {
			t.Errorf("an IPv4 container on the same LAN: %v", err)
		}
	})
}

// The router says O, and there is no DHCPv6 server; or M beside a prefix.
func TestOnlyWithoutDHCPv6Server(t *testing.T) {
	for name, r := range map[string]router6{"O": {prefix: prefix6, other: true, dns: rdnss}, "M": {prefix: prefix6, managed: true}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.router = &r
				req := w.container6(1, "only")
				w.kernel.six.server.mute = true
				l, _, err := w.m.Acquire(context.Background(), req)
				if err != nil {
					t.Fatal(err)
				}
				w.want6(l, slaac6)
			})
		})
	}
}

// on_timeout=continue, no DHCPv4 server, IPv6 is there.
func TestContinueWithIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.answer = silent
		w.kernel.six.router = &router6{prefix: prefix6, dns: rdnss}
		req := w.container6(1, "auto")
		req.Policy.OnTimeout = "continue"
		l, _ := w.took(req)
		w.pass(time.Minute)
		if l != nil {
			w.want6(l, slaac6)
		} else {
			t.Errorf("the caller is told nothing; rewritten: %v; List has %+v", w.log.has("resolv.conf rewritten"), w.shown().Lease)
		}
	})
}

// Nobody can listen (passthru), and the router has no prefix: DHCPv6's address is all.
func TestNoListenerManaged(t *testing.T) {
	for _, mode := range []string{"auto", "only"} {
		t.Run(mode, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.listenerless = errors.New("the NIC is lent")
				w.kernel.six.router = &router6{managed: true}
				start := time.Now()
				l, _, err := w.m.Acquire(context.Background(), w.container6(1, mode))
				if d := time.Since(start); err != nil || d > solicitWait {
					t.Errorf("%v after %v", err, d)
				}
				w.want6(l, leased6)
			})
		})
	}
}

// podman network reload after leased was restarted.
func TestOnlyAgainAfterRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		req := w.container6(1, "only")
		w.acquire(req)
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		l, _, err := w.m.Acquire(context.Background(), req)
		if err != nil {
			t.Errorf("%v; attachments: %d", err, w.m.Len())
			return
		}
		w.want6(l, slaac6)
	})
}

func TestLookFails(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.kernel.failing(failOn("look6", errors.New("out of memory")))
		if _, took := w.took(w.container6(1, "auto")); took > 2*time.Second {
			t.Errorf("ipv6_timeout of 2 s took %v", took)
		}
	})
}

func TestApplyFailsSlowly(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.kernel.failing(failOn("apply6", errors.New("out of memory")))
		w.took(w.container6(1, "auto"))
		w.pass(1000 * time.Second)
		if n := w.log.count("apply the IPv6 lease"); n > 25 {
			t.Errorf("%d tries in 1000 s, want 1, 2, 4 … 64 s between them", n)
		}
	})
}

// leased is restarted while a server has not yet answered CONFIRM.
func TestRestartWhileConfirming(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		w.kernel.six.server.with(func(s *server6) { s.mute = true })
		again := req
		again.Attachment.ContainerID = "anew"
		w.acquire(again) // after 2 s, without IPv6
		w.stop()
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want6(w.shown().Lease, leased6)
	})
}

// A remembered lease is not the kernel's: in mode slaac nobody asked for DHCPv6.
func TestSlaacTakesNothingUpAfterRestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true, prefix: prefix6}
		req := w.container6(1, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		again := req
		again.Attachment.ContainerID, again.Policy.IPv6 = "anew", "slaac"
		w.acquire(again)
		w.kernel.six.server.since()
		w.stop()
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.wantHeard6()
	})
}

// Release comes right after leased was restarted: the link is there, and the link-local
// address has to be looked up.
func TestReleaseRightAfterRestart(t *testing.T) {
	for name, held := range map[string]bool{"at rest": false, "held": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.router = &router6{managed: true}
				req := w.container6(1, "auto")
				if held {
					req.Policy.Release = "20s"
				}
				w.acquire(req)
				if held {
					w.release(req.Attachment) // podman network disconnect: the netns is there
					w.rest()
				}
				w.stop()
				w.kernel.six.server.since()
				if err := w.start(); err != nil {
					t.Fatal(err)
				}
				w.rest()
				if held {
					w.pass(21 * time.Second)
				} else {
					w.release(req.Attachment)
				}
				w.wantHeard6("RELEASE by dhcp6")
			})
		})
	}
}

// T1 has passed while leased was away: no socket on no address.
func TestT1WhileAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.acquire(w.container6(1, "auto"))
		w.stop()
		w.kernel.six.server.since()
		time.Sleep(31 * time.Minute)
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(5 * time.Second)
		if n := w.log.count("level=WARN"); n > 0 {
			t.Errorf("%d warnings: %s", n, w.log.text.String()[max(0, w.log.text.Len()-1500):])
		}
	})
}

// Two links of one MAC cannot be on one macvlan parent (EADDRINUSE).
func TestOneStandInAtATime(t *testing.T) {
	for _, policy := range []string{"now", "20s"} {
		t.Run(policy, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.oneMAC = true
				w.kernel.six.router = &router6{managed: true}
				req := w.container6(1, "auto")
				req.Policy.Release = policy
				w.acquire(req)
				w.kernel.six.server.since()
				w.kernel.remove(req.Link.Netns)
				w.release(req.Attachment)
				w.pass(30 * time.Second)
				w.wantHeard6("RELEASE by stand-in6")
			})
		})
	}
}

// The same MAC under another name: another IAID.
func TestAnotherIAID(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		w.kernel.six.server.since()
		again := req
		again.Attachment.ContainerID, again.Client.IAID = "renamed", 77
		l, _ := w.acquire(again)
		w.wantHeard6("SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.want6(l, leased6b)
	})
}

// The container ends before its DISCOVER, and is held: nothing is listened to.
func TestHeldDoesNotListen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.Release = "never"
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		w.kernel.failing(func(call string) error {
			if call == "apply 192.0.2.10/24" || call == "advertise" {
				return nil
			}
			return kernel.ErrGone
		})
		again := req
		again.Attachment.ContainerID = "anew"
		_, _, err := w.m.Acquire(context.Background(), again)
		w.pass(time.Minute)
		if n := w.kernel.open.Load(); n != 0 {
			t.Errorf("%v; state %s, %d sockets are open", err, w.state(), n)
		}
	})
}

// Closing the router listener takes RTNL: no actor may wait for that under the mutex.
func TestListenerIsClosedOutsideTheMutex(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		free := false
		w.kernel.six.listenClose = func() {
			if free = w.m.mu.TryLock(); free {
				w.m.mu.Unlock()
			}
		}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		w.pass(3 * time.Second)
		if !free {
			t.Error("the Manager's mutex is held while the router listener is closed")
		}
	})
}

// Making the router listener takes time; IPv4's answer does not wait for it.
func TestListenerDelaysNoStart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.listenOpen = func() { time.Sleep(500 * time.Millisecond) }
		w.kernel.six.router = &router6{prefix: prefix6}
		req := w.container6(1, "auto")
		req.Policy.IPv6TimeoutMS = 100
		if _, took := w.took(req); took > 150*time.Millisecond {
			t.Errorf("ipv6_timeout of 100 ms took %v", took)
		}
	})
}

// ip link set eth0 down; up: the link-local address is away for a moment.
func TestLinkLocalComesBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6, managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).LinkLocal = netip.Addr{} })
		w.kernel.advertise(router6{prefix: prefix6, managed: true, dns: rdnss})
		w.pass(1500 * time.Millisecond)
		w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).LinkLocal = netip.MustParseAddr("fe80::1:2") })
		w.kernel.six.server.since()
		w.pass(31 * time.Minute)
		w.wantHeard6("RENEW by dhcp6")
	})
}

// What went wrong in IPv6 is no reason for IPv4's being late.
func TestTroubleIsIPv4s(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.answer = silent
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.kernel.of(req.Link.Netns)
		w.kernel.six.taken[leased6.Address.Addr()] = true
		_, _, err := w.m.Acquire(context.Background(), req)
		var e *leaseapi.Error
		if !errors.As(err, &e) || strings.Contains(e.Message, "IPv6") || strings.Contains(e.Message, "in use") {
			t.Errorf("%v", err)
		}
	})
}

// RELEASE is not said again once a new container is the same client.
func TestReleaseIsNotRepeatedForASuccessor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.six.server.with(func(s *server6) { s.seen = len(s.heard); s.mute = true })
		w.kernel.remove(req.Link.Netns)
		go w.m.Release(context.Background(), req.Attachment)
		time.Sleep(50 * time.Millisecond)
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		w.acquire(w.anew(req))
		w.pass(5 * time.Second)
		w.wantHeard6("RELEASE by stand-in6", "SOLICIT by dhcp6", "REQUEST by dhcp6")
	})
}

// A router listener that broke is opened again.
func TestListenerIsOpenedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{prefix: prefix6}
		w.acquire(w.container6(1, "auto"))
		w.kernel.with(func(k *fakeKernel) {
			for _, c := range k.conns {
				if c.via == "routers" && !c.isClosed() {
					c.in <- arrival{err: errors.New("network is down")}
				}
			}
		})
		w.pass(90 * time.Minute) // a look each hour, and seconds
		w.kernel.advertise(router6{prefix: prefix6, other: true})
		w.pass(5 * time.Second)
		w.wantHeard6("INFORMATION-REQUEST by dhcp6")
	})
}

// A DHCPv6 address that cannot be looked at: LL gone for good leaves nothing in the kernel.
func TestWithout6LeavesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).LinkLocal = netip.Addr{} })
		w.kernel.advertise(router6{managed: true, dns: rdnss})
		w.pass(5 * time.Second)
		var left []binding.Addr6
		w.kernel.with(func(k *fakeKernel) { left = slices.Clone(k.of(req.Link.Netns).Addrs) })
		if len(left) > 0 && w.log.has("no IPv6") {
			t.Errorf("given up, and the kernel still has %v", left)
		}
	})
}
