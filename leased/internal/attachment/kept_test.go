// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
)

func TestKept(t *testing.T) {
	t.Parallel()
	addr, one, two := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	four := func(until clock.Instant) ipv4.Kept {
		return ipv4.Kept{Lease: lease4.Lease{Addr: netip.PrefixFrom(addr, 24), Expiry: until}}
	}
	six := func(addrs ...lease6.Addr) ipv6.Kept {
		return ipv6.Kept{Client: "0004/1", Lease: lease6.Lease{Addrs: addrs}}
	}
	early, late := now, now.Add(time.Hour)
	for name, tt := range map[string]struct {
		k      Kept
		addrs  []netip.Addr
		expiry clock.Instant
	}{
		"nothing":             {Kept{}, nil, 0},
		"the client only":     {Kept{V6: six()}, nil, 0},
		"a stateless lease":   {Kept{V6: ipv6.Kept{Lease: lease6.Lease{Server: []byte{1}, T2: clock.Never}}}, nil, 0},
		"IPv4":                {Kept{V4: four(late)}, []netip.Addr{addr}, late},
		"IPv4, for ever":      {Kept{V4: four(clock.Never)}, []netip.Addr{addr}, clock.Never},
		"IPv6":                {Kept{V6: six(lease6.Addr{Addr: one, Valid: late})}, []netip.Addr{one}, late},
		"the last address":    {Kept{V6: six(lease6.Addr{Addr: one, Valid: late}, lease6.Addr{Addr: two, Valid: early})}, []netip.Addr{one, two}, late},
		"IPv4 ends last":      {Kept{V4: four(late), V6: six(lease6.Addr{Addr: one, Valid: early})}, []netip.Addr{addr, one}, late},
		"IPv6 ends last":      {Kept{V4: four(early), V6: six(lease6.Addr{Addr: one, Valid: late})}, []netip.Addr{addr, one}, late},
		"valid, not as prefs": {Kept{V6: six(lease6.Addr{Addr: one, Preferred: late, Valid: early})}, []netip.Addr{one}, early},
	} {
		if got := tt.k.addrs(); !slices.Equal(got, tt.addrs) {
			t.Errorf("%s: addresses %v, want %v", name, got, tt.addrs)
		}
		if got := tt.k.Known(); got != (len(tt.addrs) > 0) {
			t.Errorf("%s: known %v", name, got)
		}
		if got := tt.k.Expiry(); got != tt.expiry {
			t.Errorf("%s: until %v, want %v", name, got, tt.expiry)
		}
	}
}
