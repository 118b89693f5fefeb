// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/bpf"

	"podman-net-dhcp/lab/testlan"
)

var ours = match{mac: [macLen]byte{2, 0, 0, 0, 0, 9}, xid: 0x12345678}

// reply is a correct packet for m, made by somebody else's code.
func reply(t testing.TB, m match) []byte {
	t.Helper()
	msg, err := dhcpv4.New(
		dhcpv4.WithHwAddr(m.mac[:]), dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer),
		dhcpv4.WithYourIP(leased.AsSlice()),
	)
	must(t, err)
	msg.OpCode = dhcpv4.OpcodeBootReply
	binary.BigEndian.PutUint32(msg.TransactionID[:], m.xid)
	return seal(msg.ToBytes())
}

func seal(payload []byte) []byte {
	return testlan.Seal(payload, testlan.Broadcast, broadcast)[testlan.OffIP:]
}

// fix makes the checksums of a packet right again.
func fix(p []byte) []byte {
	return testlan.Fix(append(make([]byte, testlan.OffIP), p...))[testlan.OffIP:]
}

const bootp = ipLen + udpLen // where the message is in a packet of reply

// spoiled has, for each reason to drop a packet, one that is right but for that.
var spoiled = []struct {
	name   string
	want   drop
	filter bool // the kernel's filter knows it, too
	spoil  func(p []byte) []byte
}{
	{"empty", dropHeader, true, func(p []byte) []byte { return nil }},
	{"cut in the IP header", dropHeader, true, func(p []byte) []byte { return p[:19] }},
	{"IHL 4", dropHeader, true, func(p []byte) []byte { p[0] = 0x44; return p }},
	{"IHL beyond the end", dropHeader, true, func(p []byte) []byte { p[0] = 0x4f; return p[:40] }},
	{"version 6", dropVersion, false, func(p []byte) []byte { p[0] = 0x65; return fix(p) }},
	{"total length 0", dropLength, false, func(p []byte) []byte { return total(p, 0) }},
	{"total length 19", dropLength, false, func(p []byte) []byte { return total(p, 19) }},
	{"total length beyond the end", dropLength, false, func(p []byte) []byte { return total(p, len(p)+1) }},
	{"total length 27, padded", dropUDP, false, func(p []byte) []byte { return total(p, 27) }},
	{"total length 28, padded", dropUDP, false, func(p []byte) []byte { return total(p, 28) }},
	{"IP checksum", dropChecksum, false, func(p []byte) []byte { p[10] ^= 1; return p }},
	{"TCP", dropProtocol, true, func(p []byte) []byte { p[9] = 6; return fix(p) }},
	{"first fragment", dropFragment, true, func(p []byte) []byte { p[6] = 0x20; return fix(p) }},
	{"last fragment", dropFragment, true, func(p []byte) []byte { p[7] = 1; return fix(p) }},
	{"UDP length 7", dropUDP, false, func(p []byte) []byte { p[ipLen+4], p[ipLen+5] = 0, 7; return p }},
	{"UDP length beyond the end", dropUDP, false, func(p []byte) []byte { p[ipLen+5]++; return p }},
	{"UDP checksum", dropUDPCheck, false, func(p []byte) []byte { p[ipLen+7] ^= 1; return p }},
	{"payload", dropUDPCheck, false, func(p []byte) []byte { p[bootp+60] ^= 1; return p }},
	{"port 67", dropPort, true, func(p []byte) []byte { p[ipLen+3] = 67; return fix(p) }},
	{"no BOOTP", dropShort, true, func(p []byte) []byte { return seal(p[bootp : bootp+bootpLen-1]) }},
	{"BOOTREQUEST", dropOp, true, func(p []byte) []byte { p[bootp] = 1; return fix(p) }},
	{"xid", dropXID, true, func(p []byte) []byte { p[bootp+7] ^= 1; return fix(p) }},
	{"chaddr, first byte", dropChaddr, true, func(p []byte) []byte { p[bootp+28] ^= 1; return fix(p) }},
	{"chaddr, last byte", dropChaddr, true, func(p []byte) []byte { p[bootp+33] ^= 1; return fix(p) }},
	{"cookie", dropCookie, true, func(p []byte) []byte { p[bootp+236] ^= 1; return fix(p) }},
}

// total sets the total length, with a header checksum that agrees.
func total(p []byte, n int) []byte {
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	return fix(p)
}

func TestParseDropsWhatIsNotOurs(t *testing.T) {
	for _, tt := range spoiled {
		p := tt.spoil(reply(t, ours))
		if _, _, err := parse(p, true, ours); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if got := passes(t, p, ours); got == tt.filter {
			t.Errorf("%s: the filter lets it pass: %v", tt.name, got)
		}
	}
}

// good has what is unusual but right.
var good = map[string]func(p []byte) []byte{
	"plain":                func(p []byte) []byte { return p },
	"padded":               func(p []byte) []byte { return append(p, make([]byte, 18)...) },
	"don't fragment":       func(p []byte) []byte { p[6] = 0x40; return fix(p) },
	"no UDP checksum":      func(p []byte) []byte { p[ipLen+6], p[ipLen+7] = 0, 0; return p },
	"from a relay's port":  func(p []byte) []byte { p[ipLen], p[ipLen+1] = 4, 1; return fix(p) },
	"unicast":              func(p []byte) []byte { copy(p[16:], leased.AsSlice()); return fix(p) },
	"no more than a BOOTP": func(p []byte) []byte { return seal(p[bootp : bootp+bootpLen]) },
	"IP options":           withOptions,
	"htype 0":              func(p []byte) []byte { p[bootp+1] = 0; return fix(p) },
	"hlen 16":              func(p []byte) []byte { p[bootp+2] = 16; return fix(p) },
}

// withOptions adds a router alert; UDP's checksum does not cover it.
func withOptions(p []byte) []byte {
	p = append(append(append([]byte(nil), p[:ipLen]...), 0x94, 4, 0, 0), p[ipLen:]...)
	p[0] = 0x46
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], fold(sum(0, p[:24])))
	return p
}

func TestParseTakesWhatIsRight(t *testing.T) {
	for name, change := range good {
		p := change(reply(t, ours))
		payload, src, err := parse(p, true, ours)
		if err != nil || src != testlan.RouterAddr {
			t.Errorf("%s: from %v: %v", name, src, err)
		}
		if want := p[int(p[0]&0xf)*4+udpLen:]; !bytes.HasPrefix(want, payload) || len(payload) < bootpLen {
			t.Errorf("%s: payload %x, want %x", name, payload, want)
		}
		if !passes(t, p, ours) {
			t.Errorf("%s: the filter drops it", name)
		}
	}
}

func TestParseLeavesOutAChecksumThatIsNotReady(t *testing.T) {
	p := reply(t, ours)
	p[ipLen+6] ^= 0xff
	if _, _, err := parse(p, false, ours); err != nil {
		t.Error(err)
	}
	p[10] ^= 1 // the IP header's is always ready
	if _, _, err := parse(p, false, ours); !errors.Is(err, dropChecksum) {
		t.Error(err)
	}
}

// FuzzFrame: parse never panics, returns nothing that is not ours, and takes
// nothing that the filter would have kept from it.
func FuzzFrame(f *testing.F) {
	for _, tt := range spoiled {
		f.Add(tt.spoil(reply(f, ours)), true)
	}
	for _, change := range good {
		f.Add(change(reply(f, ours)), false)
	}
	f.Fuzz(func(t *testing.T, p []byte, verify bool) {
		payload, src, err := parse(p, verify, ours)
		if err != nil {
			if drop := drop(""); !errors.As(err, &drop) || payload != nil {
				t.Errorf("%v with payload %x", err, payload)
			}
			return
		}
		if !src.Is4() || len(payload) < bootpLen || !bytes.Equal(payload[28:34], ours.mac[:]) || !bytes.Contains(p, payload) {
			t.Errorf("took %x from %v", payload, src)
		}
		if !passes(t, p, ours) {
			t.Errorf("the filter drops %x", p)
		}
	})
}

// passes runs the filter in user space.
func passes(t testing.TB, p []byte, m match) bool {
	t.Helper()
	vm, err := bpf.NewVM(filter(m))
	must(t, err)
	n, err := vm.Run(p)
	return err == nil && n > 0
}

// The other direction: what build makes is right to the eyes of other code.
func TestBuildMakesACorrectPacket(t *testing.T) {
	for _, size := range []int{0, 1, 300, 301, 1472} {
		payload := bytes.Repeat([]byte{0xa5}, size)
		p := build(payload, leased, testlan.RouterAddr)
		want := append([]byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 77, 192, 0, 2, 1, 0, 68, 0, 67, 0, 0, 0, 0}, payload...)
		binary.BigEndian.PutUint16(want[2:], uint16(28+size))
		binary.BigEndian.PutUint16(want[24:], uint16(8+size))
		if want = fix(want); !bytes.Equal(p, want) {
			t.Errorf("%d bytes:\n%x, want\n%x", size, p[:bootp], want[:bootp])
		}
	}
}

// A checksum that comes out as 0 is sent as 0xffff: 0 says that there is none.
func TestBuildNeverLeavesTheChecksumOut(t *testing.T) {
	payload := make([]byte, 2)
	p := build(payload, leased, testlan.RouterAddr)
	payload[0], payload[1] = p[ipLen+6], p[ipLen+7] // makes the sum 0xffff
	if p = build(payload, leased, testlan.RouterAddr); p[ipLen+6] != 0xff || p[ipLen+7] != 0xff {
		t.Errorf("checksum %x", p[ipLen+6:ipLen+8])
	}
}

func TestOpenWantsAnEthernetAddress(t *testing.T) {
	if _, err := Open(nil, 1, net.HardwareAddr{1, 2}); err == nil {
		t.Error("took two bytes for a MAC")
	}
	if err := new(Packet).SendTo(nil, netip.IPv6Unspecified(), leased, nil); err == nil {
		t.Error("took an IPv6 address")
	}
	if err := new(Packet).SendTo(nil, leased, leased, net.HardwareAddr{}); err == nil {
		t.Error("took an empty MAC")
	}
}
