// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// prefixes is the frame of an advertisement with 40 prefixes that no other number has, each
// on the link for ever.
func prefixes(n uint32) []byte {
	icmp := []byte{134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0}
	for i := range uint32(40) {
		o := make([]byte, 32)
		o[0], o[1], o[2], o[3] = 3, 4, 64, 0x80
		binary.BigEndian.PutUint32(o[4:], 0xffffffff)
		copy(o[16:], []byte{0x20, 0x01, 0x0d, 0xb8})
		binary.BigEndian.PutUint32(o[20:], n*40+i+1)
		icmp = append(icmp, o...)
	}
	return icmp6(gateway6, allNodes, icmp)
}

// A storm of 5,000 advertisements with 40 prefixes each brings no route and no router,
// however long it takes. What the container had before stays, and all is as it was when the
// storm is over.
func TestHeed(t *testing.T) {
	t.Parallel()
	lan := testlan.New(t)
	s, link := advertiser(lan), lan.Veth(lan.Container(), "eth0")
	a := Autoconf{Interface: "eth0", Accept: true, Addresses: true, Routes: true, Metric: 77, Secret: secret}
	autoconf(t, link, a)
	before := advertise(t, s, link, advert{lifetime: 1800, prefix: prefix6})
	heed := func(is bool) {
		ns := link.NS.Open()
		defer ns.Close()
		must(t, Heed(ns, a, is))
	}
	count := func() int { return len(strings.Split(link.NS.Run("ip", "-6", "route"), "\n")) }
	routes := count()
	must(t, s.Send(prefixes(0)))
	testlan.Eventually(t, "the kernel has taken 40 prefixes", func() bool { return count() == routes+40 })
	heed(false)
	if !look(t, link).Deaf {
		t.Error("the look does not say so")
	}
	must(t, s.Send(advert{lifetime: 1800, route: netip.MustParsePrefix("fd00:7::/64")}.frame()))
	for n := range uint32(5000) {
		must(t, s.Send(prefixes(n+1)))
	}
	if now := look(t, link); count() != routes+40 || now.Gateway != before.Gateway || len(now.Addrs) != 1 {
		t.Errorf("%d routes, were %d; %+v", count(), routes+40, now)
	}
	heed(true)
	must(t, s.Send(prefixes(1)))
	testlan.Eventually(t, "the kernel takes more", func() bool { return count() == routes+80 })
	if now := look(t, link); now.Deaf || now.Addrs[0].Prefix != before.Addrs[0].Prefix {
		t.Errorf("%+v", now)
	}
}
