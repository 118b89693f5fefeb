// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net"
	"slices"
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
		a, err := p.next(t.Context(), make([]byte, maxPacket))
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
	a, err := p.next(t.Context(), make([]byte, maxPacket))
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
