// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/kernel"
)

// in6 is inWorld on a LAN with that router, for a container that wants its IPv6.
func in6(t *testing.T, r router6, f func(w *world, req leaseapi.AcquireRequest)) {
	t.Helper()
	inWorld(t, func(w *world) {
		w.kernel.six.router = &r
		f(w, w.container6(1, "auto"))
	})
}

func (w *world) wantOpen(want int32) {
	w.t.Helper()
	if n := w.kernel.open.Load(); n != want {
		w.t.Errorf("%d sockets are open, want %d", n, want)
	}
}

// calls6 are the calls since, of which that is the first word.
func (w *world) calls6(words ...string) []string {
	return slices.DeleteFunc(slices.Clone(w.kernel.since()), func(c string) bool {
		return !slices.Contains(words, strings.Fields(c)[0])
	})
}

func (w *world) restart6() {
	w.t.Helper()
	w.kernel.six.server.since()
	if err := w.restart(func() {}); err != nil {
		w.t.Fatal(err)
	}
}

// What a closed socket had to say comes late.
func TestErrorOfAClosedSocket(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.kernel.six.server.mute = true
		w.took(req)
		block, done := make(chan struct{}), make(chan struct{})
		w.m.post(keyOf(req.Attachment), func(*actor) { <-block })
		w.rest()
		go func() { defer close(done); _ = w.m.Release(context.Background(), req.Attachment) }()
		w.rest()
		w.kernel.say(arrival{err: errors.New("late")}) // behind the message that closes the socket
		w.rest()
		close(block)
		<-done
		w.rest()
		if w.wantOpen(0); w.log.has(`msg="IPv6: receive"`) {
			t.Error(w.log.text.String())
		}
	})
}

// What was in part applied is removed, what was before is not; both are tried again.
func TestApplyIsTriedAgain(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		oom, s := errors.New("out of memory"), w.kernel.six.server
		fails := func(n int) {
			w.kernel.failing(times(1, "apply6", oom))
			for w.kernel.since(); w.log.count("apply the IPv6 lease") < n; {
				w.pass(100 * time.Millisecond)
			}
		}
		s.mute = true
		w.took(req)
		s.with(func(s *server6) { s.mute = false })
		fails(1)
		w.want6(w.shown().Lease)
		w.pass(time.Second)
		w.want6(w.shown().Lease, leased6)
		w.want("new", w.calls6("apply6", "remove6"), []string{"apply6 2001:db8::100", "remove6", "apply6 2001:db8::100"})

		s.grants6(1800, 3600, leased6, leased6b)
		w.pass(1790 * time.Second)
		fails(2)
		w.want6(w.shown().Lease, leased6)
		w.pass(time.Second)
		w.want6(w.shown().Lease, leased6, leased6b)
		again := "apply6 2001:db8::100 2001:db8::101"
		w.want("renewed", w.calls6("apply6", "remove6"), []string{again, again})
	})
}

// What the other servers say beside addresses is kept over a restart, and asked for again.
func TestStatelessAfterRestart(t *testing.T) {
	in6(t, router6{prefix: prefix6, other: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.kernel.six.server.with(func(s *server6) { s.mute = true })
		w.restart6()
		w.pass(500 * time.Millisecond)
		w.wantHeard6("INFORMATION-REQUEST by dhcp6")
		if dns := w.shown().Lease.DNS; !slices.Contains(dns, dns6) {
			t.Errorf("DNS is %v", dns)
		}
	})
}

func TestWhatTheKernelIsTold6(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.kernel.six.server.grants6(dhcp6.Infinite, dhcp6.Infinite, leased6)
		req.Policy.NoDefaultRoute, req.Policy.Metric = true, 77
		w.acquire(req)
		if a := w.kernel.six.autos[req.Link.Netns]; !a.NoDefaultRoute || a.Metric != 77 {
			t.Errorf("the kernel was told %+v", a)
		}
		if a := w.kernel.of(req.Link.Netns).Addrs; len(a) != 1 || a[0].Preferred != binding.Forever || a[0].Valid != binding.Forever {
			t.Errorf("the kernel has %+v", a)
		}
	})
}

// A kernel without IPv6 has none to switch off.
func TestOffSaysLittle(t *testing.T) {
	inWorld(t, func(w *world) {
		for want, err := range []error{binding.ErrNoIPv6, errDisk} {
			w.kernel.six.fail = err
			w.acquire(w.container6(want, "off"))
			if n := w.log.count("level=WARN"); n != want {
				t.Errorf("%d warnings, want %d", n, want)
			}
		}
	})
}

// After a restart, and though looking fails: routers are heard, and a look is taken each
// second. What they say of DNS is written down.
func TestRoutersAreHeardAtRest(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.restart6()
		w.pass(5 * time.Second)
		w.kernel.since()
		w.kernel.failing(times(4, "look6", errDisk))
		w.kernel.advertise(router6{prefix: prefix6, dns: rdnss})
		w.pass(3500 * time.Millisecond)
		disk := func() bool {
			w.store.mu.Lock()
			defer w.store.mu.Unlock()
			return bytes.Contains(w.store.records[keyOf(req.Attachment)], []byte(rdnss.String()))
		}
		if n := len(w.calls6("look6")); n != 3 || disk() {
			t.Errorf("%d looks in 3.5 s; on disk: %v", n, disk())
		}
		w.pass(2 * time.Second)
		if dns := w.shown().Lease.DNS; !slices.Contains(dns, rdnss) || !disk() {
			t.Errorf("DNS is %v; on disk: %v", dns, disk())
		}
	})
}

// One call alone says that the container is gone.
func TestGoneAtOneCall(t *testing.T) {
	for _, policy := range []string{"now", "20s"} {
		for call, via := range map[string]string{"look6": "dhcp6", "apply6": "dhcp6", "dhcp6": "stand-in6"} {
			t.Run(call+" "+policy, func(t *testing.T) {
				in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
					req.Policy.Release = policy
					w.acquire(req)
					w.kernel.failing(failOn(call, kernel.ErrGone))
					w.kernel.advertise(router6{managed: true, dns: rdnss})
					for n := 0; n < 1900 && !w.log.has("container is gone"); n++ {
						w.pass(time.Second)
					}
					if policy != "now" {
						w.wantState("HELD")
						w.pass(21 * time.Second)
					}
					if heard := w.kernel.six.server.since(); heard[len(heard)-1] != "RELEASE by "+via {
						t.Errorf("heard %q", heard)
					}
					w.wantNothingLeft()
				})
			})
		}
	}
}

// The kernel settles, deprecates and ends an address, and no router says a word.
func TestKernelEndsAnAddress(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		left := func(preferred, valid time.Duration) {
			w.kernel.with(func(k *fakeKernel) {
				a := &k.of(req.Link.Netns).Addrs[0]
				a.Preferred, a.Valid = preferred, valid
			})
		}
		left(10*time.Second, 25*time.Second)
		w.pass(5 * time.Second)
		w.want("DAD is over", w.calls6("advertise"), []string{"advertise 2001:db8::42"})
		left(0, 15*time.Second)
		w.pass(8 * time.Second)
		old := slaac6
		old.Deprecated = true
		w.want6(w.shown().Lease, old)
		w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).Addrs = nil })
		w.pass(17 * time.Second)
		w.want6(w.shown().Lease)
	})
}

// What only the kernel has heard counts, and what only the listener has heard counts, too.
func TestFlagsFromOneSide(t *testing.T) {
	for name, tt := range map[string]struct {
		r      router6
		change func(k *fakeKernel)
		heard  []string
	}{
		"kernel": {router6{prefix: prefix6, other: true}, func(k *fakeKernel) {
			k.six.listenerless, k.fail = errDisk, failOn("routers", errDisk)
		}, []string{"INFORMATION-REQUEST by dhcp6"}},
		"routers": {router6{prefix: prefix6, managed: true}, func(k *fakeKernel) { k.six.flagless = true }, []string{"SOLICIT by dhcp6", "REQUEST by dhcp6"}},
	} {
		t.Run(name, func(t *testing.T) {
			in6(t, tt.r, func(w *world, req leaseapi.AcquireRequest) {
				w.kernel.with(tt.change)
				w.acquire(req)
				w.wantHeard6(tt.heard...)
			})
		})
	}
}

// A router takes M back, and says it again: what was once begun goes on.
func TestManagedIsTakenBack(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.kernel.six.server.since()
		for _, m := range []bool{false, true, false} {
			w.kernel.advertise(router6{managed: m})
			if w.pass(3 * time.Second); w.shown().State6 != "BOUND" {
				t.Errorf("M is %v: %s", m, w.shown().State6)
			}
		}
		w.release(req.Attachment)
		w.wantHeard6("RELEASE by dhcp6")
	})
}

// The kernel has heard a router before anybody listened; what it says of DNS comes later.
func TestAnswerWaitsForTheListener(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container6(1, "auto")
		w.kernel.with(func(k *fakeKernel) {
			router6{prefix: prefix6}.configure(k, req.Link.Netns, binding.Autoconf{Addresses: true})
		})
		time.AfterFunc(100*time.Millisecond, func() { w.kernel.advertise(router6{prefix: prefix6, dns: rdnss}) })
		l, took := w.took(req)
		if !slices.Contains(l.DNS, rdnss) || took > 150*time.Millisecond {
			t.Errorf("DNS is %v after %v", l.DNS, took)
		}
	})
}

// Of two addresses one cannot be used before DAD: the answer has both.
func TestAllAddressesOfALease(t *testing.T) {
	in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
		w.kernel.six.slow = leased6b.Address.Addr()
		w.kernel.six.server.grants6(1800, 3600, leased6, leased6b)
		l, took := w.took(req)
		if w.want6(l, leased6, leased6b); took > 1200*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// More than the gate lets in.
func TestManyOnly(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, _ leaseapi.AcquireRequest) {
		for i := range 33 {
			if _, took := w.took(w.container6(i+1, "only")); took > time.Second {
				t.Errorf("number %d took %v", i+1, took)
			}
		}
	})
}

// Whoever needs no router any more listens to none.
func TestNothingIsHeardInVain(t *testing.T) {
	for name, end := range map[string]func(w *world, req leaseapi.AcquireRequest){
		"held": func(w *world, req leaseapi.AcquireRequest) { w.release(req.Attachment) },
		"IPv6 is switched off": func(w *world, req leaseapi.AcquireRequest) {
			w.kernel.with(func(k *fakeKernel) { *k.of(req.Link.Netns) = binding.State6{} })
			w.kernel.advertise(router6{dns: rdnss})
			w.pass(5 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			in6(t, router6{managed: true}, func(w *world, req leaseapi.AcquireRequest) {
				req.Policy.Release = "20s"
				w.acquire(req)
				w.wantOpen(1) // the router listener, and no other as soon as there is a lease
				end(w, req)
				w.wantOpen(0)
			})
		})
	}
}
