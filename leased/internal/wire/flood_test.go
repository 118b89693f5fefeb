// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/vishvananda/netlink"

	"podman-net-dhcp/lab/testlan"
)

// Two seconds of what looks like a reply, at full speed: another transaction's,
// which the filter keeps out, and ours but broken, which it cannot. A deadline in
// the middle is kept, and what is sent when the flood is over arrives at once.
func TestFloodOfRepliesHidesNothing(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p := openPacket(t, link, ours.xid)
	s := lan.Server(func(r testlan.Request) []testlan.Reply { return r.Send(r.Ack(leased)) })
	over := make(chan struct{})
	defer func() { <-over }()
	go func() {
		defer close(over)
		junk := misleading(t, match{p.mac, ours.xid})
		for start, n := time.Now(), 0; time.Since(start) < 2*time.Second; n++ {
			s.Send(junk[n%len(junk)])
		}
	}()
	testlan.Eventually(t, "the flood gets through the filter", func() bool { return statistics(t, p).Packets > 100 })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, _, err := p.Receive(ctx)
	wantError(t, err, context.DeadlineExceeded)
	wantRunning(t, over)
	got := receiving(t, p)
	<-over
	// What the flood left in the queues may cost a reply, but not the next one.
	testlan.Eventually(t, "the reply arrives", func() bool {
		must(t, p.Send(message(t, dhcpv4.MessageTypeRequest, link.MAC, ours.xid)))
		return len(got) == 1
	})
	reply := <-got
	must(t, reply.err)
	if msg, err := dhcpv4.FromBytes(reply.payload); err != nil || msg.MessageType() != dhcpv4.MessageTypeAck {
		t.Errorf("received %v, %v", msg, err)
	}
}

// misleading are frames to the right port that are no replies to m.
func misleading(t *testing.T, m match) [][]byte {
	other, garbage := match{m.mac, m.xid ^ 1}, reply(t, m)
	for n := bootp + bootpLen; n < len(garbage); n++ {
		garbage[n] ^= 0xa5 // the options; the checksum is as it was
	}
	cut := reply(t, m)
	return [][]byte{
		frame(testlan.Broadcast, 0x0800, reply(t, other)).Frame,
		frame(testlan.Broadcast, 0x0800, garbage).Frame,
		frame(testlan.Broadcast, 0x0800, cut[:len(cut)-1]).Frame,
	}
}

// wantRunning fails once what is over is over.
func wantRunning(t *testing.T, over <-chan struct{}) {
	t.Helper()
	select {
	case <-over:
		t.Fatal("not before the flood was over")
	default:
	}
}

// A hundred thousand frames are no reason to miss a deadline, nor the one that counts.
func TestARPInAFlood(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	a := watching(t, link, leased)
	s := lan.Server(func(testlan.Request) []testlan.Reply { return nil })
	junk := harmlessFrames(link.MAC)
	half, all := make(chan struct{}), make(chan struct{})
	defer func() { <-all }()
	go func() {
		defer close(all)
		for n := range 100_000 {
			if n == 50_000 {
				close(half)
			}
			s.Send(junk[n%len(junk)])
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantError(t, within(t, listening(ctx, a)), context.DeadlineExceeded)
	wantRunning(t, all)
	<-half
	heard, sent := listening(t.Context(), a), uint32(0)
	for len(heard) == 0 { // a queue on the way may lose some
		must(t, s.Send(conflict.Frame(testlan.Broadcast)))
		sent++
		wantRunning(t, all)
	}
	must(t, <-heard)
	<-all
	if got := statistics(t, a); got.Packets > sent {
		t.Errorf("%+v, but %d conflicts: what is harmless was in the buffer", got, sent)
	}
	if n := arrived(t, link); n < 50_000 {
		t.Errorf("%d frames arrived: this test tests nothing", n)
	}
}

// arrived is how many frames the link has got.
func arrived(t *testing.T, link testlan.Link) (frames uint64) {
	t.Helper()
	link.NS.Netlink(func(h *netlink.Handle) error {
		have, err := h.LinkByName(link.Name)
		if err == nil {
			frames = have.Attrs().Statistics.RxPackets
		}
		return err
	})
	return frames
}
