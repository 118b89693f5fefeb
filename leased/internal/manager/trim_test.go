// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
)

// Podman brings a container onto its networks in any order. A start looks only if there was a link
// before; two seconds later there is a look at what has come since, and at each renewal.
func TestNetworkThatComesLater(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		others := []binding.Other{{Addr: netip.MustParseAddr("192.0.2.129"), Subnet: netip.MustParsePrefix("192.0.2.128/25")}}
		w.kernel.with(func(k *fakeKernel) { k.others = others })
		w.kernel.since()
		w.pass(1900 * time.Millisecond)
		w.wantCalls()
		w.pass(200 * time.Millisecond)
		w.wantCalls("apply 192.0.2.9/32 for 192.0.2.9/24")
		if l := listed(w.m)[0].Lease; l.Address != netip.MustParsePrefix("192.0.2.9/32") {
			t.Errorf("List says %v", l.Address)
		}
		w.kernel.with(func(k *fakeKernel) { k.others = nil })
		w.pass(31 * time.Minute) // the renewal
		if calls := w.kernel.since(); !slices.Contains(calls, "apply 192.0.2.9/24 for 192.0.2.9/32") {
			t.Errorf("the kernel did %q", calls)
		}
		if n := w.log.count("a part of the lease is left out"); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// Without another interface nothing is done again.
func TestNothingComesLater(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.since()
		w.pass(time.Minute)
		w.wantCalls()
	})
}
