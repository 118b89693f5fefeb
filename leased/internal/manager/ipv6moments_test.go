// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
	"podman-net-dhcp/leased/internal/kernel"
)

// Of two addresses one ends while a mute server is asked: no socket stays open for that.
func TestNoSocketWithoutAMessage(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.container6(1, "auto")
		w.kernel.six.server.elsehow = func(typ dhcp6.Type) []byte {
			if typ == dhcp6.Solicit || typ == dhcp6.Request {
				return dhcp6test.OptIA(1, 200, 36000, dhcp6test.OptIAAddr("2001:db8::100", 400, 1000), dhcp6test.OptIAAddr("2001:db8::101", 40000, 40000))
			}
			return nil
		}
		w.acquire(w.container6(1, "auto"))
		w.kernel.six.server.with(func(s *server6) { s.mute = true })
		for d := 0; d < 1400; d++ {
			w.pass(time.Second)
			if d > 1015 && d < 1080 && w.kernel.open.Load() > 1 {
				t.Fatalf("a socket is open %d s after the address has ended, and nothing was sent", d-1000)
			}
		}
	})
}

// The other side's reply comes when the container is gone; and all the while held.
func TestRestartWhileSoliciting(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.kernel.six.server.mute = true
		w.took(req)
		w.stop()
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.pass(5 * time.Second)
		w.want6(w.shown().Lease, leased6)
		w.release(req.Attachment)
		w.wantNothingLeft()
	})
}

// Restarts at each moment of a start end well.
func TestRestartAtAnyTime(t *testing.T) {
	for _, mode := range []string{"auto", "only", "dhcp"} {
		for _, at := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond, 400 * time.Millisecond, 900 * time.Millisecond, 3 * time.Second} {
			t.Run(mode+at.String(), func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.kernel.six.router = &router6{managed: true}
					req := w.container6(1, mode)
					w.kernel.six.server.mute = true
					go w.m.Acquire(context.Background(), req)
					w.pass(at)
					w.stop()
					w.kernel.six.server.with(func(s *server6) { s.mute = false })
					if err := w.start(); err != nil {
						t.Fatal(err)
					}
					l, _, err := w.m.Acquire(context.Background(), req)
					if err != nil {
						t.Fatal(err)
					}
					w.pass(5 * time.Second)
					w.want6(w.shown().Lease, leased6)
					if at < 2*time.Second { // else somebody has been told already
						w.want6(l, leased6)
					}
					w.release(req.Attachment)
					w.wantNothingLeft()
				})
			})
		}
	}
}

// The container is gone at each kernel call.
func TestGoneAtEachCall(t *testing.T) {
	for _, policy := range []string{"now", "20s"} {
		for n := range 14 {
			t.Run(policy, func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.kernel.six.router = &router6{managed: true, prefix: prefix6}
					req := w.container6(1, "auto")
					req.Policy.Release = policy
					left := n
					w.kernel.failing(func(string) error {
						if left--; left < 0 {
							return kernel.ErrGone
						}
						return nil
					})
					w.m.Acquire(context.Background(), req)
					w.rest()
					w.kernel.with(func(k *fakeKernel) {
						delete(k.links, req.Link.Netns)
						k.check = nil
					})
					w.m.NetnsEnded(nil, true)
					w.pass(60 * time.Second)
					w.wantNothingLeft()
				})
			})
		}
	}
}

// The caller hangs up at each moment.
func TestHangUp(t *testing.T) {
	for _, mode := range []string{"auto", "only", "dhcp"} {
		for _, at := range []time.Duration{time.Millisecond, 800 * time.Millisecond, 1900 * time.Millisecond} {
			t.Run(mode+at.String(), func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.kernel.six.router = &router6{managed: true}
					req := w.container6(1, mode)
					w.kernel.six.server.mute = true
					ctx, cancel := context.WithTimeout(context.Background(), at)
					defer cancel()
					w.m.Acquire(ctx, req)
					w.pass(20 * time.Second)
					w.wantNothingLeft()
				})
			})
		}
	}
}

// What is remembered and was never asked for again is given back, and no memo stays.
func TestRememberedIsGivenBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		req.Policy.Release = "20s"
		w.acquire(req)
		w.release(req.Attachment)
		w.rest()
		w.kernel.six.server.since()
		w.kernel.with(func(k *fakeKernel) { k.six.states = nil; k.six.router = &router6{prefix: prefix6} })
		again := req
		again.Attachment.ContainerID, again.Policy.Release = "anew", "now"
		w.acquire(again)
		w.release(again.Attachment)
		w.wantHeard6("RELEASE by dhcp6")
		w.wantNothingLeft()
	})
}

// IPv6 is switched off under way: the memo goes with the container all the same.
func TestMemoWithoutIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.acquire(req)
		w.kernel.with(func(k *fakeKernel) { *k.of(req.Link.Netns) = binding.State6{} })
		w.kernel.advertise(router6{managed: true, dns: rdnss})
		w.kernel.with(func(k *fakeKernel) { *k.of(req.Link.Netns) = binding.State6{} })
		w.pass(2 * time.Second)
		w.release(req.Attachment)
		w.wantNothingLeft()
	})
}

// leased is restarted while a start waits for IPv6: the call is made again, and
// told of IPv6 as it would have been.
func TestRestartedStartIsToldOfIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		req := w.container6(1, "auto")
		w.kernel.six.server.mute = true
		go w.m.Acquire(context.Background(), req)
		w.pass(50 * time.Millisecond)
		w.stop()
		w.kernel.six.server.with(func(s *server6) { s.mute = false })
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		l, _ := w.acquire(req)
		w.want6(l, leased6)
	})
}
