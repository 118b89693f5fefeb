// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// dial gives the link the address and opens a socket that ends with the test.
func dial(t *testing.T, link testlan.Link, local netip.Addr) *Unicast {
	t.Helper()
	link.NS.Run("ip", "addr", "add", local.String()+"/24", "dev", link.Name)
	return dialOnly(t, link, local)
}

func dialOnly(t *testing.T, link testlan.Link, local netip.Addr) *Unicast {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	u, err := DialServer(ns, link.Index, local, testlan.RouterAddr)
	must(t, err)
	t.Cleanup(u.Close)
	return u
}

// Two renewals, of a lease got over the packet socket.
func TestUnicastRenewsWithDnsmasq(t *testing.T) {
	onKinds(t, func(t *testing.T, lan *testlan.LAN, link testlan.Link) {
		d := lan.Dnsmasq()
		p := openPacket(t, link, 1)
		must(t, p.Send(message(t, dhcpv4.MessageTypeDiscover, link.MAC, 1)))
		offer, _ := receive(t, p, dhcpv4.MessageTypeOffer)
		u := dial(t, link, parsed(offer.YourIPAddr))
		for xid := range uint32(2) {
			must(t, p.SetXID(xid+2))
			must(t, u.Send(message(t, dhcpv4.MessageTypeRequest, link.MAC, xid+2, dhcpv4.WithClientIP(offer.YourIPAddr))))
			if _, from := receive(t, p, dhcpv4.MessageTypeAck); from.IP != testlan.RouterAddr {
				t.Errorf("ack from %v", from)
			}
		}
		mac, ip := link.MAC.String(), offer.YourIPAddr.String()
		renewal := []string{"DHCPREQUEST " + ip + " " + mac, "DHCPACK " + ip + " " + mac}
		if got := d.WaitEvents(t, 6)[2:]; !slices.Equal(got, append(renewal, renewal...)) {
			t.Errorf("the server says %q", got)
		}
	})
}

func parsed(ip net.IP) netip.Addr { a, _ := netip.AddrFromSlice(ip.To4()); return a }

// Nobody listens: the router's ICMP must not end the next try.
func TestUnicastOutlivesICMP(t *testing.T) {
	t.Parallel()
	lan, link := onVeth(t)
	u := dial(t, link, leased)
	s := lan.Server(func(r testlan.Request) []testlan.Reply { return nil })
	for n := range 3 {
		must(t, u.Send(message(t, dhcpv4.MessageTypeRequest, link.MAC, 1)))
		r := s.Wait(t, n+1)
		if r.Src != leased || r.MAC.String() != link.MAC.String() || r.Frame[testlan.OffIP+1] != 0 {
			t.Errorf("request %+v", r)
		}
	}
}

// Two leases in one container, in one subnet: each speaks on its own interface.
func TestUnicastStaysOnItsInterface(t *testing.T) {
	t.Parallel()
	lan, eth0 := onVeth(t)
	eth1 := lan.Veth(eth0.NS, "eth1")
	u0 := dial(t, eth0, leased)
	u1 := dial(t, eth1, leased.Next()) // the route to the server is eth0's
	s := lan.Server(func(r testlan.Request) []testlan.Reply { return nil })
	for n, u := range []*Unicast{u0, u1} {
		must(t, u.Send(message(t, dhcpv4.MessageTypeRequest, eth0.MAC, 1)))
		want := []testlan.Link{eth0, eth1}[n].MAC
		if r := s.Wait(t, n+1); r.MAC.String() != want.String() {
			t.Errorf("sent from %v, want %v", r.MAC, want)
		}
	}
}

// The socket of the last renewal may still be open when the next one begins.
func TestUnicastTwiceOnOneAddress(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	dial(t, link, leased)
	dialOnly(t, link, leased)
}

func TestUnicastWhereSomebodyHasThePort(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	link.NS.Run("ip", "addr", "add", leased.String()+"/24", "dev", link.Name)
	ns := link.NS.Open()
	fd, err := open(ns, unix.AF_INET, unix.SOCK_DGRAM)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Bind(fd, &unix.SockaddrInet4{Port: clientPort}))
	_, err = DialServer(ns, link.Index, leased, testlan.RouterAddr)
	wantError(t, err, ErrPortInUse)
	wantError(t, err, unix.EADDRINUSE)
}

func TestUnicastWithoutItsAddress(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	_, err := DialServer(link.NS.Open(), link.Index, leased, testlan.RouterAddr)
	wantError(t, err, unix.EADDRNOTAVAIL)
}

func TestUnicastWhenTheLinkGoes(t *testing.T) {
	t.Parallel()
	_, link := onVeth(t)
	u := dial(t, link, leased)
	link.Set("down")
	wantError(t, u.Send(nil), ErrLinkDown)
	link.Set("up")
	must(t, u.Send([]byte("x")))
	link.Delete()
	wantError(t, u.Send(nil), ErrLinkGone)
}

func TestUnicastCloses(t *testing.T) {
	testlan.NoLeaks(t)
	_, link := onVeth(t)
	u := dial(t, link, leased)
	u.Close()
	u.Close()
	wantError(t, u.Send(nil), net.ErrClosed)
}
