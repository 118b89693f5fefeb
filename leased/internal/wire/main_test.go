// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

// kinds of links that attach makes.
var kinds = map[string]func(*testlan.LAN, *testlan.NS, string) testlan.Link{
	"veth": (*testlan.LAN).Veth, "macvlan": (*testlan.LAN).Macvlan,
}

// onKinds runs a test once for each kind of link, all at a time.
func onKinds(t *testing.T, test func(t *testing.T, lan *testlan.LAN, link testlan.Link)) {
	t.Parallel()
	for name, add := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := testlan.New(t)
			test(t, lan, add(lan, lan.Container(), "eth0"))
		})
	}
}

// onVeth makes a LAN with one container.
func onVeth(t *testing.T) (*testlan.LAN, testlan.Link) {
	t.Helper()
	lan := testlan.New(t)
	return lan, lan.Veth(lan.Container(), "eth0")
}

// openPacket opens a packet socket that is closed when the test ends, with the
// transaction xid unless that is 0.
func openPacket(t *testing.T, link testlan.Link, xid uint32) *Packet {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	p, err := Open(ns, link.Index, link.MAC)
	must(t, err)
	t.Cleanup(p.Close)
	if xid != 0 {
		must(t, p.SetXID(xid))
	}
	return p
}

func message(t *testing.T, kind dhcpv4.MessageType, mac net.HardwareAddr, xid uint32, more ...dhcpv4.Modifier) []byte {
	t.Helper()
	mods := []dhcpv4.Modifier{
		dhcpv4.WithHwAddr(mac), dhcpv4.WithMessageType(kind),
		dhcpv4.WithTransactionID(dhcpv4.TransactionID{byte(xid >> 24), byte(xid >> 16), byte(xid >> 8), byte(xid)}),
	}
	msg, err := dhcpv4.New(append(mods, more...)...)
	must(t, err)
	return msg.ToBytes()
}

// receive takes one message of the kind, within 5 s.
func receive(t *testing.T, c *Packet, kind dhcpv4.MessageType) (*dhcpv4.DHCPv4, Source) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	payload, from, err := c.Receive(ctx)
	must(t, err)
	msg, err := dhcpv4.FromBytes(payload)
	must(t, err)
	if msg.MessageType() != kind {
		t.Fatalf("received %v, want %v", msg.MessageType(), kind)
	}
	return msg, from
}

// received is what Receive of a goroutine returned.
type received struct {
	payload []byte
	err     error
}

func receiving(t *testing.T, c *Packet) <-chan received {
	out := make(chan received, 1)
	go func() {
		payload, _, err := c.Receive(t.Context())
		out <- received{payload, err}
	}()
	return out
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(5 * time.Second):
		t.Fatal("nothing within 5 s")
		panic("unreachable")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var leased = netip.MustParseAddr("192.0.2.77")
