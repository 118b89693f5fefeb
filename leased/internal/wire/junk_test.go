// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// Everything that is wrong, then what is right: only that arrives, and nothing of
// what the filter knows gets as far as the socket's buffer.
func TestJunkIsDropped(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		p := openPacket(t, link, ours.xid)
		m := match{p.mac, ours.xid}
		s := lan.Server(func(r testlan.Request) []testlan.Reply {
			var out []testlan.Reply
			for range 3 { // more would overflow queues between here and there
				out = append(out, junk(t, m)...)
			}
			return append(out, r.Send(r.Ack(leased))...)
		})
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, m.xid)))
		receive(t, p, dhcpv4.MessageTypeAck)
		passed := uint32(3*(len(filterBlind())+len(tagged(t, m))) + 1)
		if link.Peer != "" {
			passed += 3 // a bridge floods what is for a MAC it does not know; macvlan knows better
		}
		if got := statistics(t, p); got.Packets != passed || got.Drops != 0 {
			t.Errorf("%+v, want %d packets through the filter", got, passed)
		}
		checkRequest(t, s.Wait(t, 1), link.MAC)
	})
}

// junk is all that is spoiled, as frames, and what only a frame can have wrong.
func junk(t *testing.T, m match) (out []testlan.Reply) {
	for _, tt := range spoiled {
		if p := tt.spoil(reply(t, m)); len(p) > 0 {
			out = append(out, frame(testlan.Broadcast, 0x0800, p))
		}
	}
	return append(append(out, tagged(t, m)...),
		frame(testlan.Broadcast, 0x0806, reply(t, m)), // says that it is ARP
		frame(net.HardwareAddr{2, 0xee, 0, 0, 0, 1}, 0x0800, reply(t, m)))
}

// tagged is a right reply for VLAN 5; the kernel takes the tag off for us.
func tagged(t *testing.T, m match) []testlan.Reply {
	return []testlan.Reply{frame(testlan.Broadcast, 0x8100, append([]byte{0, 5, 8, 0}, reply(t, m)...))}
}

// filterBlind are those spoiled packets that only parse knows.
func filterBlind() (names []string) {
	for _, tt := range spoiled {
		if !tt.filter {
			names = append(names, tt.name)
		}
	}
	return names
}

func frame(dst net.HardwareAddr, kind uint16, p []byte) testlan.Reply {
	f := append(append([]byte(nil), dst...), testlan.ServerMAC...)
	return testlan.Reply{Frame: append(binary.BigEndian.AppendUint16(f, kind), p...)}
}

// statistics are the kernel's, of what passed the filter since the last call.
func statistics(t *testing.T, s interface{ control(func(int) error) error }) (stats *unix.TpacketStats) {
	t.Helper()
	must(t, s.control(func(fd int) (err error) {
		stats, err = unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		return err
	}))
	return stats
}

// checkRequest looks at our frame with the server's eyes.
func checkRequest(t *testing.T, r testlan.Request, mac net.HardwareAddr) {
	t.Helper()
	f := r.Frame
	if f[testlan.OffIP+1] != 0 || f[testlan.OffIP+8] != 64 || f[testlan.OffIP+6] != 0 {
		t.Errorf("IP header %x", f[testlan.OffIP:testlan.OffUDP])
	}
	if r.MAC.String() != mac.String() || r.Dst != broadcast || !r.Src.IsUnspecified() || r.Msg == nil {
		t.Errorf("request %+v", r)
	}
	if want := testlan.Fix(slices.Clone(f)); !slices.Equal(f, want) {
		t.Errorf("checksums of %x are wrong", f)
	}
}

// What the kernel says of a packet counts as much as what is in it. It calls a
// packet for another VLAN overheard as well, on this kernel.
func TestWhatTheKernelSaysOfAPacket(t *testing.T) {
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
		{"VLAN 5", unix.PACKET_HOST, unix.TpacketAuxdata{Status: valid, Vlan_tci: 0xe005}, dropVLAN},
		{"a priority only", unix.PACKET_HOST, unix.TpacketAuxdata{Status: valid, Vlan_tci: 0xe000}, nil},
		{"an old tag", unix.PACKET_HOST, unix.TpacketAuxdata{Vlan_tci: 5}, nil},
	} {
		a := arrival{packet: reply(t, ours), kind: tt.kind, aux: tt.aux}
		if _, _, err := a.open(ours); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A flood that passes the filter must not hold the receiver beyond its time.
func TestReceiveEndsInAFlood(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p := openPacket(t, link, ours.xid)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	bad := reply(t, match{p.mac, ours.xid})
	bad[ipLen+7] ^= 1
	flood, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() {
		for flood.Err() == nil {
			s.Send(frame(testlan.Broadcast, 0x0800, bad).Frame)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, _, err := p.Receive(ctx); done <- err }()
	testlan.Eventually(t, "the flood arrives", func() bool { return statistics(t, p).Packets > 100 })
	cancel()
	wantError(t, within(t, done), context.Canceled)
}

// What is larger than the buffer is not taken for a shorter message.
func TestLargePacketsAreDropped(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	lan.Server(func(r testlan.Request) []testlan.Reply {
		large := r.Offer(leased, dhcpv4.WithGeneric(dhcpv4.OptionRootPath, make([]byte, 200)))
		return []testlan.Reply{
			{Frame: testlan.Seal(large, link.MAC, leased)}, {Frame: testlan.Seal(r.Ack(leased), link.MAC, leased)},
		}
	})
	p := openPacket(t, link, 1)
	p.buf = make([]byte, 400)
	must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
	receive(t, p, dhcpv4.MessageTypeAck)
}
