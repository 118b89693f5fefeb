// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
)

var (
	prefix   = netip.MustParsePrefix("2001:db8:1::/64")
	slaac    = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8:1::1/64"), Source: leaseapi.SourceSLAAC}
	leased   = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8::100/128"), Source: leaseapi.SourceDHCP}
	leasedTo = leaseapi.Address6{Address: netip.MustParsePrefix("2001:db8::101/128"), Source: leaseapi.SourceDHCP}
)

func TestOrderOfAddresses(t *testing.T) {
	at := func(a leaseapi.Address6, preferred time.Duration, auto bool) binding.Addr6 {
		return binding.Addr6{Prefix: a.Address, Preferred: preferred, Usable: true, Autoconf: auto}
	}
	failed, unusable := at(slaac, time.Hour, true), at(slaac, time.Hour, true)
	failed.Failed, unusable.Usable = true, false
	d := Driver{
		bound: &binding.Spec6{Addrs: []binding.Lifetime{{Addr: leased.Address.Addr()}, {Addr: leasedTo.Address.Addr()}}},
		seen: binding.State6{Addrs: []binding.Addr6{
			failed, unusable, at(leased, 0, false), at(slaac, time.Hour, true), at(leasedTo, time.Hour, false),
			{Prefix: prefix, Preferred: time.Hour, Usable: true}, // the container's own
		}},
	}
	old := leased
	old.Deprecated = true
	if got := d.addrs(); !slices.Equal(got, []leaseapi.Address6{leasedTo, slaac, old}) {
		t.Errorf("%+v", got)
	}
}

// Lifetimes pass all the time, of which nobody need be told; what else changes is news.
func TestWhatIsShownOfAddresses(t *testing.T) {
	for i, change := range []func(s *binding.State6, a *binding.Addr6){
		func(_ *binding.State6, a *binding.Addr6) { a.Preferred, a.Valid, a.Settled = 3, 7, true },
		func(_ *binding.State6, a *binding.Addr6) { a.Preferred = 0 },
		func(_ *binding.State6, a *binding.Addr6) { a.Failed = true },
		func(_ *binding.State6, a *binding.Addr6) { a.Usable = false },
		func(s *binding.State6, _ *binding.Addr6) { s.Gateway = netip.MustParseAddr("fe80::1") },
	} {
		was := binding.State6{Addrs: []binding.Addr6{{Prefix: prefix, Preferred: 5, Valid: 9, Usable: true}}}
		is := binding.State6{Addrs: slices.Clone(was.Addrs)}
		if change(&is, &is.Addrs[0]); same(was, is) != (i == 0) {
			t.Errorf("%d: %+v", i, is)
		}
	}
}
