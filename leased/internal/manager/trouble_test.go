// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// times fails the first n calls with that first word.
func times(n int, what string, err error) func(string) error {
	on := failOn(what, err)
	return func(call string) error {
		if n == 0 || on(call) == nil {
			return nil
		}
		n--
		return err
	}
}

// Too many descriptors now are not too many in a second.
func TestNoSocketAtFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.failing(times(2, "packet", syscall.EMFILE))
		begin := time.Now()
		w.acquire(w.container(9))
		if d := time.Since(begin); d > 4*time.Second {
			t.Errorf("that took %v", d)
		}
		w.wantCalls("packet", "packet", "packet", "apply 192.0.2.9/24")
		if !w.log.has("too many open files") {
			t.Error("not logged")
		}
	})
}

func TestNoSocketInTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.failing(failOn("packet", syscall.EMFILE))
		l, _, err := w.m.Acquire(context.Background(), w.container(9))
		w.noLease(l, err, "open a socket: too many open files")
		w.wantNothingLeft()
	})
}

func TestNoSocketAtRenewal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.failing(failOn("unicast", syscall.EMFILE))
		w.pass(52 * time.Minute) // T2 is at 52.5 minutes
		w.wantState("RENEWING")
		w.pass(time.Minute)
		w.wantState("BOUND")
	})
}

func TestLinkFlaps(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.container(9))
		w.kernel.say(arrival{err: wire.ErrLinkDown})
		w.rest()
		if n := w.kernel.open.Load(); n != 0 {
			t.Errorf("%d dead sockets are open", n)
		}
		w.server.set(grant(time.Hour))
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}
		w.rest()
		w.wantCalls("packet", "packet", "apply 192.0.2.9/24")
	})
}

// The container has its lease; what a restart would lose is logged.
func TestDiskIsFull(t *testing.T) {
	inWorld(t, func(w *world) {
		w.store.failing(errDisk)
		w.acquire(w.container(9))
		w.wantState("BOUND")
		if !w.log.has("level=ERROR") || !w.log.has(errDisk.Error()) {
			t.Error("not logged")
		}
		w.store.failing(nil)
		w.pass(31 * time.Minute)
		if w.store.len() != 1 {
			t.Error("renewal does not write the record")
		}
	})
}

// Nothing may stay in the container of what Apply has done in part.
func TestLeaseCannotBeApplied(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.failing(failOn("apply", binding.ErrDown))
		l, _, err := w.m.Acquire(context.Background(), w.container(9))
		if l != nil || err == nil || !strings.Contains(err.Error(), "apply the lease to eth0") {
			t.Errorf("Acquire: %v, %v", l, err)
		}
		w.wantNothingLeft()
		calls := w.kernel.since()
		if !slices.Contains(calls, "remove 192.0.2.9/24") {
			t.Errorf("%q leave the address there", calls)
		}
		if n := w.server.count("RELEASE frame 192.0.2.9 to 192.0.2.1 " + routerMAC.String()); n != 1 {
			t.Errorf("%d RELEASEs", n)
		}
	})
}

// Nobody waits for the lease any more, and it cannot be applied just now. The
// container must not be without an address until T1.
func TestLeaseCannotBeAppliedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		w.kernel.failing(times(3, "apply", binding.ErrDown))
		w.server.set(grant(24 * time.Hour))
		w.pass(5 * time.Minute)
		w.wantState("BOUND")
		l := listed(w.m)[0].Lease
		if calls := w.kernel.since(); l == nil || calls[len(calls)-1] != "apply 192.0.2.9/24" {
			t.Errorf("%+v is not applied: %q", l, calls)
		}
		if w.store.len() != 1 {
			t.Error("no record")
		}
	})
}

// The same at renewal: the kernel would end the address on time.
func TestRenewedLeaseCannotBeAppliedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.since()
		w.kernel.failing(times(3, "apply", syscall.ENOBUFS))
		w.pass(35 * time.Minute)
		w.wantState("BOUND")
		calls := w.kernel.since()
		if n := len(calls); n != 6 || calls[n-1] != "apply 192.0.2.9/24 for 192.0.2.9/24" {
			t.Errorf("%q", calls)
		}
		w.pass(time.Second)
		w.wantCalls()
	})
}

func TestJunkIsIgnored(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		got := w.inBackground(context.Background(), w.container(9))
		for _, junk := range []string{"", "\x00", strings.Repeat("\xff", 300), strings.Repeat("\x02", 240)} {
			w.kernel.say(arrival{payload: []byte(junk)})
		}
		w.rest()
		w.server.set(grant(time.Hour))
		if r := <-got; r.err != nil {
			t.Error(r.err)
		}
	})
}
