// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
)

// Each reason for a look alone, and then the earlier one of two.
func TestNextLook(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(s *sense)
		want   clock.Instant
	}{
		"nothing": {func(*sense) {}, clock.Never},

		"a start waits":        {waitsSince(0, 0), at(10 * time.Millisecond)},
		"the second time":      {waitsSince(0, 1), at(20 * time.Millisecond)},
		"the third time":       {waitsSince(0, 2), at(40 * time.Millisecond)},
		"the fourth time":      {waitsSince(0, 3), at(80 * time.Millisecond)},
		"the fifth time":       {waitsSince(0, 4), at(160 * time.Millisecond)},
		"no longer than that":  {waitsSince(0, 40), at(160 * time.Millisecond)},
		"the start's time":     {and(waitsSince(0, 4), func(s *sense) { s.until = at(time.Millisecond) }), at(time.Millisecond)},
		"which is over":        {and(waitsSince(0, 4), func(s *sense) { s.until = at(0) }), at(160 * time.Millisecond)},
		"a router's time":      {waitsSince(solicitWait-time.Millisecond, 4), at(time.Millisecond)},
		"which is over too":    {waitsSince(solicitWait, 4), at(160 * time.Millisecond)},
		"no start waits":       {func(s *sense) { s.until = at(time.Millisecond) }, clock.Never},
		"a start that is done": {func(s *sense) { s.began, s.looks = at(0), 1 }, at(2 * atRest)},

		"kernel's solicitations":     {func(s *sense) { s.began = at(-solicits + 1) }, at(2 * atRest)},
		"which are over":             {func(s *sense) { s.began = at(-solicits) }, clock.Never},
		"which a router answered":    {func(s *sense) { s.began, s.seen.Advertised = at(0), true }, clock.Never},
		"no link-local address":      {func(s *sense) { s.seen.LinkLocal = netip.Addr{} }, at(settling)},
		"DAD of a lease":             {func(s *sense) { s.unsure = true }, at(settling)},
		"end of what routers say":    {func(s *sense) { s.saidEnd = at(time.Hour) }, at(time.Hour)},
		"but at most once a second":  {func(s *sense) { s.saidEnd = at(time.Millisecond) }, at(atRest)},
		"and so if it is over":       {func(s *sense) { s.saidEnd = at(-time.Hour) }, at(atRest)},
		"an address":                 {changes(binding.Addr6{Settled: true, Autoconf: true, Preferred: time.Minute, Valid: time.Hour}), at(61 * time.Second)},
		"the second of two, earlier": {changes(binding.Addr6{Settled: true}, binding.Addr6{}), at(settling)},
		"the first of two, earlier":  {changes(binding.Addr6{}, binding.Addr6{Settled: true}), at(settling)},

		"end before DAD":    {func(s *sense) { s.unsure, s.saidEnd = true, at(time.Millisecond) }, at(atRest)},
		"DAD before an end": {func(s *sense) { s.unsure, s.saidEnd = true, at(time.Hour) }, at(settling)},
	} {
		if got := quiet(tt.change).nextLook(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got.Sub(at(0)), tt.want.Sub(at(0)))
		}
	}
}

// waitsSince has a start wait for d, for which the kernel was looked at so many times.
// The kernel has heard a router.
func waitsSince(d time.Duration, looks int) func(s *sense) {
	return func(s *sense) {
		s.awaits, s.began, s.until, s.looks, s.seen.Advertised = true, at(-d), at(time.Hour), looks, true
	}
}

func and(changes ...func(s *sense)) func(s *sense) {
	return func(s *sense) {
		for _, change := range changes {
			change(s)
		}
	}
}

func changes(addrs ...binding.Addr6) func(s *sense) { return func(s *sense) { s.seen.Addrs = addrs } }

func TestNextChangeOfAnAddress(t *testing.T) {
	t.Parallel()
	const forever = binding.Forever
	for name, tt := range map[string]struct {
		addr binding.Addr6
		want clock.Instant
	}{
		"DAD":                 {binding.Addr6{Preferred: time.Minute, Valid: time.Hour}, at(settling)},
		"DAD of the kernel's": {binding.Addr6{Autoconf: true, Preferred: time.Minute, Valid: time.Hour}, at(settling)},
		"failed":              {binding.Addr6{Failed: true}, clock.Never},
		"DHCPv6's":            {binding.Addr6{Settled: true, Preferred: time.Minute, Valid: time.Hour}, clock.Never},
		"preferred":           {binding.Addr6{Settled: true, Autoconf: true, Preferred: time.Minute, Valid: time.Hour}, at(61 * time.Second)},
		"deprecated":          {binding.Addr6{Settled: true, Autoconf: true, Valid: time.Hour}, at(time.Hour + time.Second)},
		"preferred forever":   {binding.Addr6{Settled: true, Autoconf: true, Preferred: forever, Valid: forever}, clock.Never},
		"valid forever":       {binding.Addr6{Settled: true, Autoconf: true, Preferred: time.Minute, Valid: forever}, at(61 * time.Second)},
		"deprecated forever":  {binding.Addr6{Settled: true, Autoconf: true, Valid: forever}, clock.Never},
		"failed, the kernel's": {
			binding.Addr6{Failed: true, Autoconf: true, Preferred: time.Minute, Valid: time.Hour}, at(61 * time.Second),
		},
	} {
		if got := quiet(func(*sense) {}).nextChange(tt.addr); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got.Sub(at(0)), tt.want.Sub(at(0)))
		}
	}
}
