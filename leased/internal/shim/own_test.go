// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// leaser is a Leaser that notes what it was asked.
type leaser struct {
	mu   sync.Mutex
	asks []string
	err  error
}

func (l *leaser) LeaseShim(_ context.Context, on string, f *os.File, path string) error {
	defer f.Close()
	ns, err := netns.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, "lease "+on)
	return l.err
}

func (l *leaser) ReturnShim(_ context.Context, on string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, "return "+on)
	return nil
}

// asked waits until the leaser was asked just this, and has it fail from now on with err.
func (l *leaser) asked(t *testing.T, want string, err error) {
	t.Helper()
	testlan.Eventually(t, want, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
		return strings.Join(l.asks, ", ") == want
	})
}

// The shim has the address of its lease, and is there as long as there is the lease.
func TestShimFollowsItsLease(t *testing.T) {
	h := begin(t)
	h.stop()
	l := &leaser{}
	h.leases = l
	h.start()
	lease := func(addr string) Use {
		return Use{Host: testlan.HostNIC, Addr: netip.MustParseAddr(addr), Lease: true}
	}
	u := use("192.0.2.50")
	u.Own = netip.Addr{}
	h.k.Tell("a", u)
	l.asked(t, "lease nic0", nil)
	if name := h.shim(); name != "" {
		t.Errorf("%s is there without an address", name)
	}
	h.k.Tell("own", lease(shimAddr))
	h.routes("192.0.2.50")
	h.k.Tell("own", lease("192.0.2.10"))
	testlan.Eventually(t, "the shim has the new address", func() bool {
		return strings.Contains(h.host("ip", "-4", "route"), "192.0.2.50 dev "+h.shim()+" proto dhcp scope link src 192.0.2.10") &&
			!strings.Contains(h.host("ip", "-4", "addr"), shimAddr)
	})
	h.k.Tell("own", Use{})
	testlan.Eventually(t, "the shim goes with its lease", func() bool { return h.shim() == "" })
	h.k.Tell("own", lease(shimAddr))
	h.routes("192.0.2.50")

	// The next leased does not know the lease at once, and leaves the shim as it is.
	h.stop()
	h.start(u)
	l.asked(t, "lease nic0, lease nic0", nil)
	h.routes("192.0.2.50")
	h.k.Tell("own", lease(shimAddr))
	h.k.Tell("192.0.2.50", Use{})
	testlan.Eventually(t, "the shim is gone", func() bool { return h.shim() == "" })
	l.asked(t, "lease nic0, lease nic0, return nic0", errors.New("no room"))

	h.k.Tell("a", u)
	testlan.Eventually(t, "the log says it", func() bool {
		return strings.Contains(h.log.String(), "get a lease for the shim on nic0: no room")
	})
}
