// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"podman-net-dhcp/lab/testlan"
)

// What a link that goes down or away looks like to who waits and to who sends.
// After down, up is as good as new; after gone nothing is.
func TestLinkGoesDownAndUp(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		p := openPacket(t, link, 1)
		got := receiving(t, p)
		link.Set("down")
		wantError(t, within(t, got).err, ErrLinkDown)
		wantError(t, p.Send([]byte("x")), ErrLinkDown)
		link.Set("up")
		lan.Server(func(r testlan.Request) []testlan.Reply { return r.Send(r.Offer(leased)) })
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		receive(t, p, dhcpv4.MessageTypeOffer)
	})
}

func TestLinkGoesAway(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		p := openPacket(t, link, 1)
		got := receiving(t, p)
		link.Delete()
		if err := within(t, got).err; err != nil {
			// Down comes before gone, and may be seen by itself.
			testlan.Eventually(t, "gone", func() bool { return within(t, receiving(t, p)).err != nil })
		}
		wantError(t, within(t, receiving(t, p)).err, ErrLinkGone)
		wantError(t, p.Send([]byte("x")), ErrLinkGone)
	})
}

func TestLinkMovesToAnotherNamespace(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	p := openPacket(t, link, 1)
	got := receiving(t, p)
	link.Set("netns", lan.Container().Path)
	if within(t, got).err == nil {
		t.Error("received something")
	}
	wantError(t, within(t, receiving(t, p)).err, ErrLinkGone)
	wantError(t, p.Send([]byte("x")), ErrLinkGone)
}

// The kernel tells once that a link went down; SetXID must not swallow it.
func TestSetXIDReportsALinkThatIsDown(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	p := openPacket(t, link, 1)
	link.Set("down")
	wantError(t, p.SetXID(2), ErrLinkDown)
}

func TestOpenOnALinkThatIsDown(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	link.Set("down")
	p := openPacket(t, link, 0)
	wantError(t, p.Send(nil), ErrLinkDown)
	wantError(t, p.SetXID(1), ErrLinkDown)
}

func TestOpenOnNoLink(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	ns := link.NS.Open()
	_, err := Open(ns, 4711, link.MAC)
	wantError(t, err, ErrLinkGone)
	_, err = DialServer(ns, 4711, netip.MustParseAddr("127.0.0.1"), testlan.RouterAddr)
	wantError(t, err, ErrLinkGone)
	// Nor does a number of the host's mean anything inside.
	_, err = Open(nil, link.Index, net.HardwareAddr(link.MAC))
	wantError(t, err, ErrLinkGone)
}
