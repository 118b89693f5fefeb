// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/vishvananda/netlink"
)

// Segment is a further LAN that a LAN's host is on, with a router of its own and 1022
// addresses. Only the router and NIC, a NIC of the host for macvlans, are on it:
//
//	router                 host
//	Gateway lan0 ───────── NIC
//
// Of the methods of LAN, a segment has only those that concern the router.
type Segment struct {
	*LAN
	NIC     string
	Subnet  netip.Prefix
	Gateway netip.Addr
}

// Segment makes a segment; n, from 0 to 127, tells it from the others of the LAN.
func (l *LAN) Segment(n int) *Segment {
	l.t.Helper()
	s := &Segment{
		LAN: &LAN{Host: l.Host, t: l.t, dir: l.t.TempDir()}, NIC: fmt.Sprintf("seg%d", n),
		// RFC 2544 has 198.18.0.0/15 for such things.
		Subnet: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18 + byte(n>>6), byte(n << 2), 0}), 22),
	}
	s.Gateway = s.Subnet.Addr().Next()
	s.Router = newNS(l.t, filepath.Join(s.dir, "router"))
	router := s.Router.Open()
	defer router.Close()
	s.Host.Netlink(func(h *netlink.Handle) error {
		err := h.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: s.NIC}, PeerName: RouterLink, PeerNamespace: netlink.NsFd(router.FD()),
		})
		if err != nil {
			return err
		}
		return up(h, s.NIC)
	})
	s.Router.Run("ip", "addr", "add", fmt.Sprintf("%s/%d", s.Gateway, s.Subnet.Bits()), "dev", RouterLink)
	s.Router.Netlink(func(h *netlink.Handle) error { return up(h, RouterLink) })
	s.await(s.Host, s.NIC)
	s.await(s.Router, RouterLink)
	return s
}

// Dnsmasq is LAN.Dnsmasq; the range is all of the segment but its first ten addresses.
func (s *Segment) Dnsmasq(t testing.TB, lease string, args ...string) *Dnsmasq {
	t.Helper()
	first, last := s.Subnet.Addr().As4(), s.Subnet.Addr().As4()
	first[3], last[2], last[3] = 10, last[2]+3, 254
	return s.LAN.Dnsmasq(append(args, fmt.Sprintf("--dhcp-range=%s,%s,255.255.252.0,%s",
		netip.AddrFrom4(first), netip.AddrFrom4(last), lease))...)
}
