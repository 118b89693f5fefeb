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
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// A whole lease with a real server, whose log is what counts.
func TestPacketWithDnsmasq(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		d := lan.Dnsmasq()
		p := openPacket(t, link, 1)
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		offer, from := receive(t, p, dhcpv4.MessageTypeOffer)
		if from.IP != testlan.RouterAddr || len(from.MAC) != macLen {
			t.Errorf("offer from %v", from)
		}
		must(t, p.SetXID(2))
		addr := offer.YourIPAddr
		must(t, p.Send(message(t, dhcpv4.MessageTypeRequest, link.MAC, 2, dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(addr)),
			dhcpv4.WithOption(dhcpv4.OptServerIdentifier(offer.ServerIdentifier())))))
		receive(t, p, dhcpv4.MessageTypeAck)
		// The last word, with no address on the interface and no ARP.
		must(t, p.SendTo(message(t, dhcpv4.MessageTypeRelease, link.MAC, 3, dhcpv4.WithClientIP(addr),
			dhcpv4.WithOption(dhcpv4.OptServerIdentifier(offer.ServerIdentifier()))), parsed(addr), testlan.RouterAddr, from.MAC))
		mac, ip := link.MAC.String(), addr.String()
		want := []string{
			"DHCPDISCOVER " + mac, "DHCPOFFER " + ip + " " + mac,
			"DHCPREQUEST " + ip + " " + mac, "DHCPACK " + ip + " " + mac, "DHCPRELEASE " + ip + " " + mac,
		}
		if got := d.WaitEvents(t, len(want)); !slices.Equal(got, want) {
			t.Errorf("the server says\n%q, want\n%q", got, want)
		}
	})
}

// A server on the same host leaves the checksum to hardware that is not there.
func TestChecksumOfALocalServer(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		lan.Dnsmasq()
		p := openPacket(t, link, 1)
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		a, err := p.next(t.Context())
		must(t, err)
		if a.aux.Status&unix.TP_STATUS_CSUMNOTREADY == 0 {
			t.Fatalf("status %#x: this test tests nothing", a.aux.Status)
		}
		if _, _, err := parse(a.packet, true, match{p.mac, 1}); !errors.Is(err, dropUDPCheck) {
			t.Fatalf("checksum is right (%v): this test tests nothing", err)
		}
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		receive(t, p, dhcpv4.MessageTypeOffer)
	})
}

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
func statistics(t *testing.T, p *Packet) (stats *unix.TpacketStats) {
	t.Helper()
	must(t, p.control(func(fd int) (err error) {
		stats, err = unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		return err
	}))
	return stats
}

// checkRequest looks at our frame with the server's eyes.
func checkRequest(t *testing.T, r testlan.Request, mac net.HardwareAddr) {
	t.Helper()
	f := r.Frame
	if f[testlan.OffIP+1] != tos || f[testlan.OffIP+8] != 64 || f[testlan.OffIP+6] != 0 {
		t.Errorf("IP header %x", f[testlan.OffIP:testlan.OffUDP])
	}
	if r.MAC.String() != mac.String() || r.Dst != broadcast || !r.Src.IsUnspecified() || r.Msg == nil {
		t.Errorf("request %+v", r)
	}
	if want := testlan.Fix(slices.Clone(f)); !slices.Equal(f, want) {
		t.Errorf("checksums of %x are wrong", f)
	}
}

// A right reply to a client that has not asked is not for us.
func TestNothingComesBeforeSetXID(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p := openPacket(t, link, 0)
	s := lan.Server(func(r testlan.Request) []testlan.Reply { return r.Send(r.Offer(leased)) })
	other := openPacket(t, link, 1)
	must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
	receive(t, other, dhcpv4.MessageTypeOffer) // so it came by
	if got := statistics(t, p); len(s.Requests()) != 1 || got.Packets != 0 {
		t.Errorf("%d packets are in the buffer", got.Packets)
	}
}

func TestSetXIDForgetsTheLastTransaction(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p, witness := openPacket(t, link, 1), openPacket(t, link, 1)
	lan.Server(func(r testlan.Request) []testlan.Reply { return r.Send(r.Offer(leased)) })
	must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
	receive(t, witness, dhcpv4.MessageTypeOffer)
	testlan.Eventually(t, "the offer is in the buffer", func() bool { return statistics(t, p).Packets == 1 })
	must(t, p.SetXID(2))
	must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 2)))
	a, err := p.next(t.Context())
	must(t, err)
	if _, _, err := a.open(match{p.mac, 2}); err != nil {
		t.Errorf("the first in the buffer is not the second transaction's: %v", err)
	}
}

func TestReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p := openPacket(t, link, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, _, err := p.Receive(ctx); done <- err }()
	cancel()
	wantError(t, within(t, done), context.Canceled)
	_, _, err := p.Receive(ctx)
	wantError(t, err, context.Canceled)
	// The wake-up is not left for the next one.
	lan.Server(func(r testlan.Request) []testlan.Reply { return r.Send(r.Offer(leased)) })
	must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
	testlan.Eventually(t, "the offer is in the buffer", func() bool { return statistics(t, p).Packets == 1 })
	_, _, err = p.Receive(ctx)
	wantError(t, err, context.Canceled)
	receive(t, p, dhcpv4.MessageTypeOffer)
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

func TestCloseWakesTheReceiver(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	p := openPacket(t, link, 1)
	got := receiving(t, p)
	p.Close()
	p.Close()
	wantError(t, within(t, got).err, net.ErrClosed)
	_, _, err := p.Receive(t.Context())
	wantError(t, err, net.ErrClosed)
	wantError(t, p.Send(nil), net.ErrClosed)
	wantError(t, p.SetXID(1), net.ErrClosed)
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
	p, u := openPacket(t, link, 1), dial(t, link, leased)
	p.buf, u.buf = p.buf[:400], u.buf[:400]
	for _, c := range []Conn{p, u} {
		must(t, c.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		receive(t, c, dhcpv4.MessageTypeAck)
	}
}

// The 11 ms of a packet socket's close are not the caller's.
func TestCloseLeavesTheDescriptorToTheBackground(t *testing.T) {
	_, link := onVeth(t)
	p := openPacket(t, link, 1)
	got := receiving(t, p)
	old := background
	background = newCloser(0, 10) // nobody works there
	p.Close()
	background, old = old, background
	wantError(t, within(t, got).err, net.ErrClosed)
	if len(old.queue) != 1 {
		t.Fatalf("%d descriptors wait to be closed, want 1", len(old.queue))
	}
	must(t, old.queue[0].Close()) // still open, so this is no error
}

// An open socket pins the namespace and its links; a closed one does not.
func TestCloseLetsTheNamespaceGo(t *testing.T) {
	testlan.NoLeaks(t)
	lan, link := onVeth(t)
	p := openPacket(t, link, 1)
	link.NS.Delete()
	if !exists(lan.Host, link.Peer) {
		t.Fatal("the veth went with the path: this test tests nothing")
	}
	p.Close()
	Flush()
	testlan.Eventually(t, "the namespace is gone", func() bool { return !exists(lan.Host, link.Peer) })
}

func exists(n *testlan.NS, name string) (found bool) {
	n.Netlink(func(h *netlink.Handle) error {
		_, err := h.LinkByName(name)
		found = err == nil
		return nil
	})
	return found
}
