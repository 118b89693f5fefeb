// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// advertisement6 is a router advertisement in an IPv6 packet, from serverAddr6 to all nodes.
func advertisement6() []byte {
	p := append([]byte{0x6c, 1, 2, 3, 0, 24, 58, 255}, serverAddr6.AsSlice()...)
	p = append(p, netip.IPv6LinkLocalAllNodes().AsSlice()...)
	p = append(p, 134, 0, 0, 0, 64, 0xc0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0)
	return fix6(append(p, 5, 1, 0, 0, 0, 0, 5, 0xdc))
}

// fix6 makes the checksum right again, in another way than the code does: over a
// pseudo header that is spelt out (RFC 8200 §8.1).
func fix6(p []byte) []byte {
	icmp := p[ipv6Len : ipv6Len+int(binary.BigEndian.Uint16(p[4:]))]
	icmp[2], icmp[3] = 0, 0
	over := append(bytes.Clone(p[8:40]), 0, 0, p[4], p[5], 0, 0, 0, 58)
	over = append(over, icmp...)
	acc := 0
	for n, b := range over {
		acc += int(b) << (8 * (1 - n%2))
	}
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	binary.BigEndian.PutUint16(icmp[2:], ^uint16(acc))
	return p
}

// behind puts an extension header in front of ICMPv6 (RFC 8200 §4).
func behind(kind byte, header ...byte) func(p []byte) []byte {
	return func(p []byte) []byte {
		p = append(append(bytes.Clone(p[:ipv6Len]), header...), p[ipv6Len:]...)
		p[6] = kind
		p[5] += byte(len(header))
		return p
	}
}

// spoiled6 has, for each reason to drop a packet, one that is right but for that.
var spoiled6 = []struct {
	name   string
	want   drop
	filter bool // the kernel's filter knows it, too
	spoil  func(p []byte) []byte
}{
	{"empty", dropLength6, true, func(p []byte) []byte { return nil }},
	{"cut in the header", dropLength6, true, func(p []byte) []byte { return p[:39] }},
	{"version 4", dropVersion6, false, func(p []byte) []byte { p[0] = 0x4c; return p }},
	{"payload length 0", dropLength6, false, func(p []byte) []byte { p[5] = 0; return p }},
	{"payload length 7", dropLength6, false, func(p []byte) []byte { p[5] = 7; return fix6(p) }},
	{"payload beyond the end", dropLength6, false, func(p []byte) []byte { p[5]++; return p }},
	{"payload far beyond the end", dropLength6, false, func(p []byte) []byte { p[4] = 0xff; return p }},
	{"UDP", dropNext6, true, func(p []byte) []byte { p[6] = 17; return p }},
	{"ICMP of IPv4", dropNext6, true, func(p []byte) []byte { p[6] = 1; return p }},
	{"hop-by-hop options", dropNext6, true, behind(0, 58, 0, 1, 4, 0, 0, 0, 0)},
	{"destination options", dropNext6, true, behind(60, 58, 0, 1, 4, 0, 0, 0, 0)},
	{"a fragment", dropNext6, true, behind(44, 58, 0, 0, 0, 0, 0, 0, 1)},
	{"hop limit 254", dropHops, true, func(p []byte) []byte { p[7] = 254; return p }},
	{"hop limit 0", dropHops, true, func(p []byte) []byte { p[7] = 0; return p }},
	{"global source", dropSource6, true, func(p []byte) []byte { p[8], p[9] = 0x20, 1; return fix6(p) }},
	{"site-local source", dropSource6, true, func(p []byte) []byte { p[9] = 0xc0; return fix6(p) }},
	{"source ::1", dropSource6, true, func(p []byte) []byte { p[8], p[9] = 0, 0; return fix6(p) }},
	{"solicitation", dropType6, true, func(p []byte) []byte { p[40] = 133; return fix6(p) }},
	{"neighbor advertisement", dropType6, true, func(p []byte) []byte { p[40] = 136; return fix6(p) }},
	{"checksum", dropICMP6, false, func(p []byte) []byte { p[42] ^= 1; return p }},
	{"checksum 0", dropICMP6, false, func(p []byte) []byte { p[42], p[43] = 0, 0; return p }},
	{"content", dropICMP6, false, func(p []byte) []byte { p[45] ^= 0x80; return p }},
	{"another source", dropICMP6, false, func(p []byte) []byte { p[23] = 9; return p }},
}

// good6 has what is unusual but right.
var good6 = map[string]func(p []byte) []byte{
	"plain":        func(p []byte) []byte { return p },
	"padded":       func(p []byte) []byte { return append(p, 0xa5, 0xa5, 0xa5) },
	"unicast":      func(p []byte) []byte { copy(p[24:], local6.AsSlice()); return fix6(p) },
	"from febf::1": func(p []byte) []byte { p[9] = 0xbf; return fix6(p) },
	"odd length":   func(p []byte) []byte { p[5] = 23; return fix6(p) }, // its content is not for us to judge
	"code 1":       func(p []byte) []byte { p[41] = 1; return fix6(p) },
}

func passes6(t testing.TB, p []byte) bool {
	t.Helper()
	vm, err := bpf.NewVM(routerFilter()[3:]) // the user space's knows no packet types
	must(t, err)
	n, err := vm.Run(p)
	return err == nil && n > 0
}

func TestParseRouterDropsWhatIsNone(t *testing.T) {
	for _, tt := range spoiled6 {
		p := tt.spoil(advertisement6())
		if icmp, _, err := parseRouter(p, true); !errors.Is(err, tt.want) || icmp != nil {
			t.Errorf("%s: %x, %v, want %v", tt.name, icmp, err, tt.want)
		}
		if got := passes6(t, p); got == tt.filter {
			t.Errorf("%s: the filter lets it pass: %v", tt.name, got)
		}
	}
}

func TestParseRouterTakesWhatIsRight(t *testing.T) {
	for name, change := range good6 {
		p := change(advertisement6())
		want := p[ipv6Len : ipv6Len+int(p[5])]
		icmp, src, err := parseRouter(p, true)
		if err != nil || !bytes.Equal(icmp, want) || src.AsSlice()[0] != 0xfe || src.AsSlice()[15] != 1 {
			t.Errorf("%s: %x from %v: %v", name, icmp, src, err)
		}
		if !passes6(t, p) {
			t.Errorf("%s: the filter drops it", name)
		}
	}
}

func TestParseRouterOfEachTruncation(t *testing.T) {
	whole := advertisement6()
	for n := range whole {
		if _, _, err := parseRouter(whole[:n:n], false); !errors.Is(err, dropLength6) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A router on this host may have left the checksum to a network card.
func TestRouterChecksumThatIsNotReady(t *testing.T) {
	p := advertisement6()
	p[42] ^= 0xff
	for status, want := range map[uint32]error{0: dropICMP6, unix.TP_STATUS_CSUMNOTREADY: nil} {
		a := arrival{packet: p, kind: unix.PACKET_MULTICAST, aux: unix.TpacketAuxdata{Status: status}}
		if _, _, err := a.advertisement(); !errors.Is(err, want) {
			t.Errorf("status %#x: %v, want %v", status, err, want)
		}
	}
	a := arrival{packet: advertisement6(), kind: unix.PACKET_OTHERHOST}
	if _, _, err := a.advertisement(); !errors.Is(err, dropNotOurs) {
		t.Errorf("overheard: %v", err)
	}
}

// FuzzRouterFrame: parseRouter never panics, returns a part of what came, and takes
// nothing that the filter would have kept from it.
func FuzzRouterFrame(f *testing.F) {
	for _, tt := range spoiled6 {
		f.Add(tt.spoil(advertisement6()), true)
	}
	for _, change := range good6 {
		f.Add(change(advertisement6()), false)
	}
	f.Fuzz(func(t *testing.T, p []byte, verify bool) {
		icmp, src, err := parseRouter(p, verify)
		if err != nil {
			if drop := drop(""); !errors.As(err, &drop) || icmp != nil {
				t.Errorf("%v with %x", err, icmp)
			}
			return
		}
		if !src.IsLinkLocalUnicast() || len(icmp) < ndLen || icmp[0] != 134 || !bytes.Contains(p, icmp) {
			t.Errorf("took %x from %v", icmp, src)
		}
		if !passes6(t, p) {
			t.Errorf("the filter drops %x", p)
		}
	})
}

// RFC 4861 §4.1, and the sum is what tcpdump and a router would check.
func TestSolicitationByByte(t *testing.T) {
	want := fix6([]byte{
		0x60, 0, 0, 0, 0, 8, 58, 255,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		133, 0, 0, 0, 0, 0, 0, 0,
	})
	if got := buildSolicitation(netip.Addr{}); !bytes.Equal(got, want) || !bytes.Equal(got[42:44], []byte{0x7b, 0xb8}) {
		t.Errorf("%x, want %x", got, want)
	}
}

// frame6 is the packet in a frame from the scripted server's MAC.
func frame6(mac []byte, p []byte) []byte {
	f := append(bytes.Clone(mac), testlan.ServerMAC...)
	return append(append(f, 0x86, 0xdd), p...)
}
