// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"net/netip"
	"testing"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ndp"
	"podman-net-dhcp/leased/internal/request"
)

// A start waits for no more than the routers and the user ask for.
func TestSettled(t *testing.T) {
	t.Parallel()
	hears := func(s *sense) { s.said = ndp.Said{Any: true}; s.seen.Advertised = true }
	kernelHears := func(s *sense) { s.seen.Advertised = true }
	listenerHears := func(s *sense) { s.said.Any = true }
	autonomous := func(s *sense) { hears(s); s.said.Autonomous = true }
	waits := func(s *sense) { s.listens, s.began = true, at(-solicitWait+1) }
	for name, tt := range map[string]struct {
		change func(s *sense)
		want   bool
	}{
		"less is asked for":                      {and(hears, func(s *sense) { s.said.Other = true }), false},
		"no lease yet":                           {and(hears, func(s *sense) { s.level = stateful }), false},
		"no answer yet":                          {and(hears, func(s *sense) { s.level = stateless }), false},
		"an answer":                              {and(hears, func(s *sense) { s.level, s.leased = stateless, true }), true},
		"DHCPv6 only, no lease":                  {func(s *sense) { s.mode, s.level = request.IPv6DHCP, stateful }, false},
		"DHCPv6 only, not asked":                 {func(s *sense) { s.mode = request.IPv6DHCP }, false},
		"DHCPv6 only":                            {and(dhcp, func(s *sense) { s.mode = request.IPv6DHCP }), true},
		"a router":                               {hears, true},
		"a router, no link-local":                {and(hears, noLinkLocal), false},
		"a prefix, no address":                   {autonomous, false},
		"a prefix, DHCPv6's address":             {and(autonomous, dhcp), false},
		"a prefix":                               {and(autonomous, own), true},
		"the listener's router":                  {listenerHears, true},
		"the kernel's router":                    {kernelHears, false},
		"the kernel's router, own":               {and(kernelHears, own), true},
		"the kernel's router, lease":             {and(kernelHears, dhcp), true},
		"the kernel's router, heard in a moment": {and(kernelHears, own, waits), false},
		"and not heard in time":                  {and(kernelHears, own, waits, func(s *sense) { s.began = at(-solicitWait) }), true},
		"and nothing listens":                    {and(kernelHears, own, waits, func(s *sense) { s.listens = false }), true},
		"and no start waits":                     {and(kernelHears, own, waits, func(s *sense) { s.began = clock.Never }), true},
		"and heard":                              {and(autonomous, own, waits), true},
	} {
		got := quiet(tt.change).settled(func(bool) bool { t.Errorf("%s: routerless is asked", name); return false })
		if got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func dhcp(s *sense)        { holding(s, leased.Address) }
func own(s *sense)         { s.seen.Addrs = usable(true, slaac.Address) }
func noLinkLocal(s *sense) { s.seen.LinkLocal = netip.Addr{} }

// Without a router the LAN decides. It is told whether this start has waited.
func TestSettledWithoutARouter(t *testing.T) {
	t.Parallel()
	for began, waited := range map[clock.Instant]bool{
		at(-solicitWait): true, at(-solicitWait + 1): false, at(0): false, clock.Never: false,
	} {
		for _, word := range []bool{true, false} {
			asked := 0
			got := quiet(func(s *sense) { s.began = began }).settled(func(w bool) bool {
				if asked++; w != waited {
					t.Errorf("began at %v: waited %v", began, w)
				}
				return word
			})
			if got != word || asked != 1 {
				t.Errorf("began at %v: %v, asked %d times", began, got, asked)
			}
		}
	}
}
