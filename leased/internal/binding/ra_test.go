// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

var (
	prefix6  = netip.MustParsePrefix("2001:db8:1::/64")
	gateway6 = netip.MustParseAddr("fe80::1")
)

// advert is a router advertisement (RFC 4861 §4.2).
type advert struct {
	from     netip.Addr // gateway6 if invalid
	flags    byte       // M 0x80, O 0x40; preference (RFC 4191): high 0x08, low 0x18
	lifetime uint16     // s, of the default route
	prefix   netip.Prefix
	route    netip.Prefix     // to the router (RFC 4191), for an hour; up to /64
	mac      net.HardwareAddr // from's; without it Linux's DAD is not optimistic for prefix
}

// frame is the advertisement to all nodes. A prefix is for SLAAC, valid for an
// hour, preferred for half of it.
func (a advert) frame() []byte {
	if !a.from.IsValid() {
		a.from = gateway6
	}
	icmp := []byte{134, 0, 0, 0, 64, a.flags, byte(a.lifetime >> 8), byte(a.lifetime), 0, 0, 0, 0, 0, 0, 0, 0}
	if a.mac != nil {
		icmp = append(append(icmp, 1, 1), a.mac...)
	}
	if a.prefix.IsValid() {
		icmp = append(icmp, 3, 4, byte(a.prefix.Bits()), 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 7, 8, 0, 0, 0, 0)
		icmp = append(icmp, a.prefix.Addr().AsSlice()...)
	}
	if a.route.IsValid() {
		icmp = append(icmp, 24, 2, byte(a.route.Bits()), 0, 0, 0, 0x0e, 0x10)
		icmp = append(icmp, a.route.Addr().AsSlice()[:8]...)
	}
	return icmp6(a.from, allNodes, icmp)
}

var allNodes = netip.MustParseAddr("ff02::1")

// icmp6 is a frame with the ICMPv6 message to a multicast group.
func icmp6(src, dst netip.Addr, icmp []byte) []byte {
	group := dst.As16()
	f := append([]byte{0x33, 0x33}, group[12:]...)
	f = append(append(f, testlan.ServerMAC...), 0x86, 0xdd, 0x60, 0, 0, 0, byte(len(icmp)>>8), byte(len(icmp)), 58, 255)
	f = append(append(f, src.AsSlice()...), group[:]...)
	pseudo := append(append([]byte(nil), f[14+8:]...), 0, 0, byte(len(icmp)>>8), byte(len(icmp)), 0, 0, 0, 58)
	binary.BigEndian.PutUint16(icmp[2:], checksum(append(pseudo, icmp...)))
	return append(f, icmp...)
}

// checksum of RFC 1071, of an even number of bytes.
func checksum(b []byte) uint16 {
	var acc uint32
	for ; len(b) > 1; b = b[2:] {
		acc += uint32(binary.BigEndian.Uint16(b))
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}

// advertiser sends from the LAN's router; who it sends as is the frame's to say.
func advertiser(lan *testlan.LAN) *testlan.Server {
	return lan.Server(func(testlan.Request) []testlan.Reply { return nil })
}

// advertise sends a until the container has heard it.
func advertise(t *testing.T, s *testlan.Server, link testlan.Link, a advert) State6 {
	t.Helper()
	must(t, s.Send(a.frame()))
	testlan.Eventually(t, "the advertisement is heard", func() bool { return look(t, link).Advertised })
	return look(t, link)
}

func look(t *testing.T, link testlan.Link) State6 {
	t.Helper()
	s, err := tryLook(t, link)
	must(t, err)
	return s
}

func tryLook(t *testing.T, link testlan.Link) (State6, error) {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	return Look6(ns, link.Index)
}

func autoconf(t *testing.T, link testlan.Link, a Autoconf) {
	t.Helper()
	must(t, tryAutoconf(t, link, a))
}

func tryAutoconf(t *testing.T, link testlan.Link, a Autoconf) error {
	t.Helper()
	a.Interface = link.Name
	ns := link.NS.Open()
	defer ns.Close()
	return SetAutoconf(ns, a)
}
