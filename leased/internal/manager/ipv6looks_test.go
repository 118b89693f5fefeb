// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
)

// A container whose tables are full, or slow to read, and routers that say something else
// each 200 ms: the container is looked at once a minute, or for a tenth of the time.
func TestLooksTakeNothingFromOthers(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		storm := func(d time.Duration) (looks int) {
			w.kernel.since()
			for i := range int(d / (200 * time.Millisecond)) {
				w.kernel.advertise(router6{prefix: prefix6, deprecated: i%2 == 0})
				w.pass(200 * time.Millisecond)
			}
			return len(w.calls6("look6"))
		}
		if n := storm(time.Minute); n < 30 || n > 61 {
			t.Errorf("%d looks in a minute, where all is well", n)
		}
		w.kernel.with(func(k *fakeKernel) { k.six.lookTakes = time.Second })
		if n := storm(time.Minute); n < 4 || n > 7 {
			t.Errorf("%d looks in a minute, of a second each", n)
		}
		w.kernel.with(func(k *fakeKernel) { k.six.lookTakes = 0 })
		w.kernel.failing(failOn("look6", fmt.Errorf("look: %w", binding.ErrTooMany)))
		if n := storm(5 * time.Minute); n < 4 || n > 6 {
			t.Errorf("%d looks in 5 minutes at tables that are full", n)
		}
		w.kernel.failing(nil)
		w.pass(time.Minute)
		if n := storm(time.Minute); n < 30 {
			t.Errorf("%d looks in a minute, when all is well again", n)
		}
	})
}

// A start that cannot look is answered in its time.
func TestStartWhereTheTablesAreFull(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.kernel.failing(failOn("look6", binding.ErrTooMany))
		if _, took := w.took(w.container6(1, "auto")); took > 2*time.Second {
			t.Errorf("ipv6_timeout of 2 s took %v", took)
		}
	})
}

// A container that takes no prefixes by its user's sysctl stays so, also when leased restarts.
func TestDeafByTheUser(t *testing.T) {
	in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
		w.acquire(req)
		w.kernel.with(func(k *fakeKernel) { k.of(req.Link.Netns).Deaf = true })
		w.kernel.since()
		w.kernel.advertise(router6{prefix: prefix6, deprecated: true})
		w.pass(time.Minute)
		w.want("the kernel was told", w.calls6("heed"), nil)
		w.restart6()
		w.pass(time.Hour)
		w.want("after a restart", w.calls6("heed"), nil)
	})
}

// More prefixes than any LAN has: the container's kernel is told to take none before the
// next advertisement, once. When the flood is over it listens again, and a leased that was
// killed meanwhile sees to that.
func TestKernelIsDeafInAFlood(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprint(killed), func(t *testing.T) {
			in6(t, router6{prefix: prefix6}, func(w *world, req leaseapi.AcquireRequest) {
				w.acquire(req)
				w.pass(time.Second)
				heeds := func() []string { return w.calls6("heed") }
				w.kernel.since()
				flood := router6{prefix: prefix6, more: 17}
				w.kernel.advertise(flood)
				w.pass(50 * time.Millisecond)
				w.want("the kernel was told", heeds(), []string{"heed false"})
				for range 50 {
					w.kernel.advertise(flood)
					w.pass(100 * time.Millisecond)
				}
				w.want("later", heeds(), nil)
				if n := w.log.count("flood of router advertisements"); n != 1 {
					t.Errorf("the log has %d lines of it", n)
				}
				if killed {
					w.restart6()
				}
				w.pass(11 * time.Minute)
				w.want("when it is over", heeds(), []string{"heed true"})
				w.pass(time.Hour)
				w.want("at rest", heeds(), nil)
			})
		})
	}
}
