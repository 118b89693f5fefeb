// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

var (
	claimed = claim{ours.mac, 192<<24 | 2<<8 | 77} // leased
	// conflict is the answer of a host that has the address.
	conflict = testlan.ARP{Op: 2, SHA: net.HardwareAddr{2, 0xee, 0, 0, 0, 1}, SPA: leased, THA: ours.mac[:]}
	// rival is the probe of a host that wants it, too.
	rival = testlan.ARP{Op: 1, SHA: conflict.SHA, TPA: leased}
)

// conflicts are all kinds of them.
var conflicts = map[string]testlan.ARP{
	"an answer":         conflict,
	"a question":        {Op: 1, SHA: conflict.SHA, SPA: leased, TPA: testlan.RouterAddr},
	"an announcement":   {Op: 1, SHA: conflict.SHA, SPA: leased, TPA: leased},
	"a gratuitous ARP":  {Op: 2, SHA: conflict.SHA, SPA: leased, THA: testlan.Broadcast, TPA: leased},
	"a probe":           rival,
	"a probe, tha full": {Op: 1, SHA: conflict.SHA, THA: testlan.Broadcast, TPA: leased},
	"nearly our MAC":    {Op: 1, SHA: net.HardwareAddr{2, 0, 0, 0, 0, 8}, TPA: leased},
	"our MAC's end":     {Op: 1, SHA: net.HardwareAddr{2, 0, 0, 1, 0, 9}, TPA: leased},
	"short of no MAC":   {Op: 1, SHA: net.HardwareAddr{0, 0, 0, 0, 0, 1}, TPA: leased},
	"no MAC's end":      {Op: 1, SHA: net.HardwareAddr{2, 0, 0, 0, 0, 0}, TPA: leased},
}

// harmless has, for each reason to drop an ARP packet, some that are conflicts
// but for what is at one offset.
var harmless = []struct {
	name  string
	want  drop
	of    testlan.ARP
	at    int
	bytes []byte
}{
	{"InfiniBand", dropARPKind, conflict, offKind, []byte{0, 32}},
	{"hardware type 257", dropARPKind, conflict, offKind, []byte{1}},
	{"IPv6", dropARPKind, conflict, offKind + 2, []byte{0x86, 0xdd}},
	{"hlen 8", dropARPKind, conflict, offSizes, []byte{8}},
	{"plen 16", dropARPKind, conflict, offSizes + 1, []byte{16}},
	{"operation 0", dropARPOp, conflict, offOp + 1, []byte{0}},
	{"RARP", dropARPOp, conflict, offOp + 1, []byte{3}},
	{"operation 258", dropARPOp, conflict, offOp, []byte{1}},
	{"our own", dropOwn, conflict, offSender, ours.mac[:]},
	{"our own probe", dropOwn, rival, offSender, ours.mac[:]},
	{"from nobody", dropNobody, conflict, offSender, make([]byte, macLen)},
	{"from all", dropNobody, conflict, offSender, testlan.Broadcast},
	{"from a group", dropNobody, rival, offSender, []byte{1, 0, 0x5e}},
	{"another address", dropAddr, conflict, offSPA + 3, []byte{78}},
	{"another network", dropAddr, conflict, offSPA, []byte{193}},
	{"a question for it", dropAddr, rival, offSPA, testlan.RouterAddr.AsSlice()},
	{"an answer from nowhere", dropAddr, rival, offOp + 1, []byte{2}},
	{"a probe for another", dropAddr, rival, offTPA + 3, []byte{78}},
	{"a probe for nothing", dropAddr, rival, offTPA, make([]byte, 4)},
}

// arp is what a socket gets of a frame.
func arp(a testlan.ARP) []byte { return a.Frame(testlan.Broadcast)[testlan.OffARP:] }

func TestParseARPTakesConflicts(t *testing.T) {
	for name, a := range conflicts {
		for _, padding := range []int{0, 18, 1472} {
			p := append(arp(a), bytes.Repeat([]byte{0xa5}, padding)...)
			got, err := claimed.parse(p)
			if err != nil || got.Addr != leased || got.MAC.String() != a.SHA.String() || got.Probe == a.SPA.IsValid() {
				t.Errorf("%s, %d bytes of padding: %v, %v", name, padding, got, err)
			}
			if !newSieve(t, arpFilter(claimed)).passes(t, p) {
				t.Errorf("%s, %d bytes of padding: the filter drops it", name, padding)
			}
			if clear(p); got.MAC.String() != a.SHA.String() {
				t.Errorf("%s: the MAC is the buffer's, not the caller's", name)
			}
		}
	}
}

func TestParseARPDropsWhatIsNoConflict(t *testing.T) {
	for _, tt := range harmless {
		p := arp(tt.of)
		copy(p[tt.at:], tt.bytes)
		wantHarmless(t, tt.name, p, tt.want)
	}
	for n := range arpLen {
		wantHarmless(t, "a conflict that is cut", arp(conflict)[:n], dropARPShort)
		wantHarmless(t, "a probe that is cut", arp(rival)[:n], dropARPShort)
	}
}

func wantHarmless(t *testing.T, name string, p []byte, want drop) {
	t.Helper()
	if got, err := claimed.parse(p); !errors.Is(err, want) || got.MAC != nil {
		t.Errorf("%s: %v, %v, want %v", name, got, err, want)
	}
	if newSieve(t, arpFilter(claimed)).passes(t, p) {
		t.Errorf("%s: the filter lets it pass", name)
	}
}

// FuzzARP: parse never panics, and takes what the filter lets pass: no less, no more.
func FuzzARP(f *testing.F) {
	for _, a := range conflicts {
		f.Add(arp(a))
		f.Add(append(arp(a), make([]byte, 18)...))
	}
	for _, tt := range harmless {
		p := arp(tt.of)
		copy(p[tt.at:], tt.bytes)
		f.Add(p)
	}
	f.Add(arp(rival)[:arpLen-1])
	filter := newSieve(f, arpFilter(claimed))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 9000 {
			return // no link's MTU, but a send buffer's end
		}
		got, err := claimed.parse(p)
		if drop := drop(""); err != nil && (!errors.As(err, &drop) || got.MAC != nil) {
			t.Errorf("%v with %v", err, got)
		}
		if err == nil && (got.Addr != leased || len(got.MAC) != macLen || bytes.Equal(got.MAC, ours.mac[:])) {
			t.Errorf("took %v of %x", got, p)
		}
		if passes := filter.passes(t, p); passes != (err == nil) {
			t.Errorf("parse: %v; the filter lets %x pass: %v", err, p, passes)
		}
	})
}

// sieve is a filter in the kernel, on a socket that is for that alone: the one
// in user space knows no packet types.
type sieve [2]int

func newSieve(t testing.TB, prog []bpf.Instruction) sieve {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	must(t, attach(fds[1], prog))
	return fds
}

// passes says whether p does, all of it.
func (s sieve) passes(t testing.TB, p []byte) bool {
	t.Helper()
	must(t, unix.Send(s[0], p, 0))
	got := make([]byte, len(p)+1)
	n, _, err := unix.Recvfrom(s[1], got, 0)
	if err == unix.EAGAIN {
		return false
	}
	must(t, err)
	if !bytes.Equal(got[:n], p) {
		t.Errorf("%d bytes of %d pass", n, len(p))
	}
	return true
}

// What the kernel says of an ARP packet counts as much as what is in it.
func TestWhatTheKernelSaysOfAnARPPacket(t *testing.T) {
	const valid = unix.TP_STATUS_VLAN_VALID
	for _, tt := range []struct {
		name string
		kind uint8
		aux  unix.TpacketAuxdata
		want error
	}{
		{"to us", unix.PACKET_HOST, unix.TpacketAuxdata{}, nil},
		{"to all", unix.PACKET_BROADCAST, unix.TpacketAuxdata{}, nil},
		{"to another", unix.PACKET_OTHERHOST, unix.TpacketAuxdata{}, dropNotOurs},
		{"our own", unix.PACKET_OUTGOING, unix.TpacketAuxdata{}, dropNotOurs},
		{"VLAN 5", unix.PACKET_BROADCAST, unix.TpacketAuxdata{Status: valid, Vlan_tci: 5}, dropVLAN},
	} {
		heard := arrival{packet: arp(conflict), kind: tt.kind, aux: tt.aux}
		if got, err := heard.conflict(claimed); !errors.Is(err, tt.want) || (err == nil) != got.Addr.IsValid() {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

// A probe counts only as a broadcast under its frame's MAC; an owner's word counts in any frame.
func TestTheFrameOfAProbe(t *testing.T) {
	other := testlan.ServerMAC
	for _, tt := range []struct {
		name string
		of   testlan.ARP
		kind uint8
		mac  net.HardwareAddr
		want error
	}{
		{"a probe", rival, unix.PACKET_BROADCAST, rival.SHA, nil},
		{"a probe for us alone", rival, unix.PACKET_HOST, rival.SHA, dropAlone},
		{"a probe for a group", rival, unix.PACKET_MULTICAST, rival.SHA, dropAlone},
		{"a probe under another MAC", rival, unix.PACKET_BROADCAST, other, dropSource},
		{"a probe under none", rival, unix.PACKET_BROADCAST, nil, dropSource},
		{"an answer for us alone", conflict, unix.PACKET_HOST, conflict.SHA, nil},
		{"an answer for a group", conflict, unix.PACKET_MULTICAST, conflict.SHA, nil},
		{"an answer under another MAC", conflict, unix.PACKET_HOST, other, nil},
	} {
		heard := arrival{packet: arp(tt.of), kind: tt.kind, mac: tt.mac}
		if got, err := heard.conflict(claimed); !errors.Is(err, tt.want) || (err == nil) != got.Addr.IsValid() {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}
