// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease6"
	"podman-net-dhcp/leased/internal/request"
)

// at is an instant: d after the present of quiet, or before it.
func at(d time.Duration) clock.Instant { return clock.Instant(24*time.Hour + d) }

// quiet is a container with a link-local address and nothing to wait for.
func quiet(change func(s *sense)) sense {
	s := sense{
		now: at(0), mode: request.IPv6Auto, seen: binding.State6{LinkLocal: netip.MustParseAddr("fe80::2")},
		lacked: clock.Never, saidEnd: clock.Never, began: clock.Never,
	}
	change(&s)
	return s
}

func TestNoLinkLocalAddress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		here   bool // there is a link-local address
		failed bool
		lacked clock.Instant // as of the look before
		since  clock.Instant
		why    string // begins with
	}{
		"there":             {true, false, clock.Never, clock.Never, ""},
		"there again":       {true, false, at(-9 * time.Second), clock.Never, ""},
		"not there yet":     {false, false, clock.Never, at(0), ""},
		"not for long":      {false, false, at(-linkLocalWait + 1), at(-linkLocalWait + 1), ""},
		"failed just now":   {false, true, clock.Never, at(0), ""},
		"for too long":      {false, false, at(-linkLocalWait), at(-linkLocalWait), "the container's interface has no usable link-local address for 2s; if IPv6"},
		"a duplicate":       {false, true, at(-linkLocalWait), at(-linkLocalWait), "another host has the container's link-local address"},
		"an old duplicate":  {false, true, at(-time.Hour), at(-time.Hour), "another host has"},
		"a look to come":    {false, false, at(1), at(0), ""},
		"there, was failed": {true, true, at(-time.Hour), clock.Never, ""},
	} {
		s := quiet(func(s *sense) { s.lacked, s.seen.LinkLocalFailed = tt.lacked, tt.failed })
		if !tt.here {
			s.seen.LinkLocal = netip.Addr{}
		}
		if got := s.lackedAt(); got != tt.since {
			t.Errorf("%s: lacked at %v, want %v", name, got, tt.since)
		}
		if got := s.lacks(); !strings.HasPrefix(got, tt.why) || (got == "") != (tt.why == "") {
			t.Errorf("%s: %q, want %q", name, got, tt.why)
		}
	}
}

func TestHowMuchDHCPv6IsWanted(t *testing.T) {
	t.Parallel()
	type flags struct{ managed, other bool }
	nobody, m, o, both := flags{}, flags{managed: true}, flags{other: true}, flags{true, true}
	for _, tt := range []struct {
		mode           request.IPv6
		kernel, router flags
		want           level
	}{
		{request.IPv6Auto, nobody, nobody, none},
		{request.IPv6Auto, m, nobody, stateful},
		{request.IPv6Auto, nobody, m, stateful},
		{request.IPv6Auto, o, nobody, stateless},
		{request.IPv6Auto, nobody, o, stateless},
		{request.IPv6Auto, both, nobody, stateful},
		{request.IPv6Auto, nobody, both, stateful},
		{request.IPv6Auto, o, m, stateful},
		{request.IPv6Auto, m, o, stateful},
		{request.IPv6Only, nobody, nobody, none},
		{request.IPv6Only, m, nobody, stateful},
		{request.IPv6Only, nobody, o, stateless},
		{request.IPv6DHCP, nobody, nobody, stateful},
		{request.IPv6DHCP, o, o, stateful},
		{request.IPv6SLAAC, nobody, nobody, none},
		{request.IPv6SLAAC, both, both, none},
	} {
		s := quiet(func(s *sense) {
			s.mode = tt.mode
			s.seen.Managed, s.seen.Other = tt.kernel.managed, tt.kernel.other
			s.said.Managed, s.said.Other = tt.router.managed, tt.router.other
		})
		if got := s.wanted(); got != tt.want {
			t.Errorf("%v, kernel %+v, routers %+v: %d, want %d", tt.mode, tt.kernel, tt.router, got, tt.want)
		}
	}
}

// usable are addresses of the kernel that can be used: DHCPv6's, or made by itself.
func usable(auto bool, prefixes ...netip.Prefix) (all []binding.Addr6) {
	for _, p := range prefixes {
		all = append(all, binding.Addr6{Prefix: p, Preferred: time.Hour, Valid: time.Hour, Usable: true, Settled: true, Autoconf: auto})
	}
	return all
}

// holding has DHCPv6's lease in use, with the addresses in the kernel.
func holding(s *sense, prefixes ...netip.Prefix) {
	s.level, s.leased, s.bound = stateful, true, &binding.Spec6{}
	for _, p := range prefixes {
		s.lease.Addrs = append(s.lease.Addrs, lease6.Addr{Addr: p.Addr()})
		s.bound.Addrs = append(s.bound.Addrs, binding.Lifetime{Addr: p.Addr()})
	}
	s.seen.Addrs = usable(false, prefixes...)
}

func TestAddressesOfTheLease(t *testing.T) {
	t.Parallel()
	one, two := leased.Address, leasedTo.Address
	for name, tt := range map[string]struct {
		change func(s *sense)
		want   bool
	}{
		"one":                 {func(s *sense) { holding(s, one) }, true},
		"two":                 {func(s *sense) { holding(s, one, two) }, true},
		"no lease":            {func(s *sense) { holding(s, one); s.leased = false }, false},
		"stateless":           {func(s *sense) { holding(s) }, false},
		"one of two":          {func(s *sense) { holding(s, one, two); s.seen.Addrs = s.seen.Addrs[:1] }, false},
		"not usable":          {func(s *sense) { holding(s, one); s.seen.Addrs[0].Usable = false }, false},
		"nothing was applied": {func(s *sense) { holding(s, one); s.bound = nil }, false},
		"the kernel's own":    {func(s *sense) { holding(s, one); s.seen.Addrs = usable(true, slaac.Address) }, false},
		"and the kernel's":    {func(s *sense) { holding(s, one); s.seen.Addrs = append(usable(true, slaac.Address), s.seen.Addrs...) }, true},
	} {
		if got := quiet(tt.change).hasLease(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAddressesOfTheKernel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		addrs []binding.Addr6
		want  bool
	}{
		"nothing":     {nil, false},
		"usable":      {usable(true, slaac.Address), true},
		"the last":    {append(usable(false, leased.Address), usable(true, slaac.Address)...), true},
		"DHCPv6's":    {usable(false, leased.Address), false},
		"not usable":  {[]binding.Addr6{{Prefix: slaac.Address, Autoconf: true}}, false},
		"one of each": {[]binding.Addr6{{Prefix: slaac.Address, Autoconf: true}, {Prefix: leased.Address, Usable: true}}, false},
	} {
		if got := quiet(func(s *sense) { s.seen.Addrs = tt.addrs }).hasAutoconf(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
