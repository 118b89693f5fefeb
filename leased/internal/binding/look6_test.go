// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// Somebody else has the address: one that ends the kernel deletes, one that does not
// it keeps, failed; nobody uses either.
func TestDuplicate6(t *testing.T) {
	for name, tt := range map[string]struct {
		valid      time.Duration
		optimistic bool
	}{
		"ends": {time.Hour, true}, "ends, not optimistic": {time.Hour, false},
		"forever": {Forever, true}, "forever, not optimistic": {Forever, false},
	} {
		t.Run(name, func(t *testing.T) {
			lan, link := on6(t)
			if !tt.optimistic {
				link.NS.Sysctl("net/ipv6/conf/eth0/optimistic_dad", "0")
			}
			owner := lan.Veth(lan.Container(), "eth0")
			owner.NS.Run("ip", "addr", "add", first6.String(), "dev", "eth0", "nodad")
			spec := lease6(link, first6, second6)
			spec.Addrs[0].Valid, spec.Addrs[0].Preferred = tt.valid, tt.valid
			must(t, apply6(link, spec, nil))
			testlan.Eventually(t, "it is lost", func() bool {
				return slices.Equal(lost(look(t, link), spec), []netip.Addr{first6})
			})
			for _, a := range look(t, link).Addrs {
				if a.Prefix.Addr() == first6 && (a.Usable || !a.Failed || !a.Settled || tt.valid != Forever) {
					t.Errorf("have %+v", a)
				}
			}
			must(t, remove6(link, spec))
			wantAddrs6(t, link)
		})
	}
}

// With RFC 7217 the kernel takes another link-local address, with that of the MAC it has none.
func TestDuplicateLinkLocal(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	owner, link := lan.Veth(lan.Container(), "eth0"), lan.Veth(lan.Container(), "eth0")
	testlan.Eventually(t, "it has an address", func() bool { return look(t, link).LinkLocal.IsValid() })
	owner.NS.Run("ip", "addr", "add", look(t, link).LinkLocal.String()+"/64", "dev", "eth0", "nodad")
	autoconf(t, link, Autoconf{Accept: true})
	testlan.Eventually(t, "DAD fails", func() bool { return look(t, link).LinkLocalFailed })
	if s := look(t, link); s.LinkLocal.IsValid() {
		t.Errorf("have %+v", s)
	}
	autoconf(t, owner, Autoconf{Accept: true, Secret: secret})
	settle(t, owner)
	autoconf(t, link, Autoconf{Accept: true, Secret: secret}) // somebody's copy
	testlan.Eventually(t, "it has another one", func() bool {
		s := look(t, link)
		return s.LinkLocal.IsValid() && s.LinkLocal != look(t, owner).LinkLocal && !s.LinkLocalFailed
	})
}

// Of several routers the preferred one counts (RFC 4191 §2.2); what the user set is none.
func TestGateway6(t *testing.T) {
	lan, link := on6(t)
	s := advertiser(lan)
	link.NS.Run("ip", "route", "add", "default", "via", "fe80::9", "dev", "eth0", "metric", "1")
	state := advertise(t, s, link, advert{flags: 0x40}) // by who is no router for us
	if state.Gateway.IsValid() || state.Managed || !state.Other {
		t.Errorf("have %+v", state)
	}
	for i, preference := range []byte{0x18, 0x08, 0x00} {
		from := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 15: byte(i + 1)})
		must(t, s.Send(advert{from: from, lifetime: 1800, flags: preference | 0x40}.frame()))
	}
	want := netip.MustParseAddr("fe80::2")
	testlan.Eventually(t, "the second is preferred", func() bool { return look(t, link).Gateway == want })
	if s := look(t, link); !s.Advertised || s.Managed || !s.Other {
		t.Errorf("have %+v", s)
	}
	must(t, s.Send(advert{from: want, lifetime: 0, flags: 0x80}.frame()))
	testlan.Eventually(t, "the third is", func() bool { return look(t, link).Gateway == netip.MustParseAddr("fe80::3") })
	if s := look(t, link); !s.Managed || s.Other {
		t.Errorf("have %+v", s)
	}
}
