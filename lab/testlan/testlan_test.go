// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { Main(m) }

// Two tests at a time, with the same names and addresses everywhere.
func TestEveryLinkReachesTheRouter(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"veth", "macvlan"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			lan := New(t)
			c := lan.Container()
			link := lan.link(kind, c)
			c.Run("ip", "addr", "add", "192.0.2.9/24", "dev", link.Name)
			c.Run("ping", "-c1", "-W2", RouterAddr.String())
			if have := c.Run("ip", "link", "show", "eth0"); !strings.Contains(have, link.MAC.String()) {
				t.Errorf("%v is not in %s", link.MAC, have)
			}
		})
	}
}

func (l *LAN) link(kind string, c *NS) Link {
	if kind == "macvlan" {
		return l.Macvlan(c, "eth0")
	}
	return l.Veth(c, "eth0")
}

func TestDnsmasqRestartsWithItsLeases(t *testing.T) {
	t.Parallel()
	lan := New(t)
	d := lan.Dnsmasq()
	if got := d.Log(); len(got) != 0 {
		t.Errorf("events before any client: %q", got)
	}
	d.lines = append(d.lines, "dnsmasq-dhcp: DHCPACK(lan0) 192.0.2.101 02:00:00:00:00:01 name",
		"dnsmasq-dhcp: 1234 DHCPDISCOVER(lan0) 02:00:00:00:00:01 ")
	want := []string{"DHCPACK 192.0.2.101 02:00:00:00:00:01 name", "DHCPDISCOVER 02:00:00:00:00:01"}
	if got := d.Log(); !slices.Equal(got, want) {
		t.Errorf("log %q, want %q", got, want)
	}
	d.Restart("--dhcp-range=192.0.2.50,192.0.2.60,1h")
}

func TestServerHearsAndAnswers(t *testing.T) {
	t.Parallel()
	lan := New(t)
	c := lan.Container()
	link := lan.Veth(c, "eth0")
	s := lan.Server(func(r Request) []Reply { return r.Send(r.Offer(netip.MustParseAddr("192.0.2.9"))) })
	msg, err := dhcpv4.NewDiscovery(link.MAC)
	must(t, err)
	frame := Seal(msg.ToBytes(), Broadcast, netip.MustParseAddr("255.255.255.255"))
	frame[OffUDP+3] = 67
	must(t, s.Send(Fix(frame))) // its own, which it must not hear
	var got []byte
	c.Do(func() error { got, err = exchange(frame); return err })
	if r := s.Wait(t, 1); len(s.Requests()) != 1 || r.Msg == nil || r.Msg.TransactionID != msg.TransactionID {
		t.Errorf("heard %+v", s.Requests())
	}
	if offer, err := dhcpv4.FromBytes(got[OffDHCP:]); err != nil || offer.MessageType() != dhcpv4.MessageTypeOffer {
		t.Errorf("answered %v, %v", offer, err)
	}
}

// exchange sends a frame on eth0 and returns the next one from ServerMAC.
func exchange(frame []byte) ([]byte, error) {
	fd, ifindex, err := rawSocket("eth0")
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := (&Server{fd: fd, ifindex: ifindex}).Send(frame); err != nil {
		return nil, err
	}
	buf := make([]byte, 2000)
	for range 100 { // 20 ms each where there is nothing
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if ll, ok := from.(*unix.SockaddrLinklayer); err == nil && ok && ll.Pkttype == unix.PACKET_BROADCAST {
			return buf[:n], nil
		}
	}
	return nil, errors.New("no answer")
}

func TestNoLeaksSeesLeaks(t *testing.T) {
	before := look()
	before.goroutines = 1 << 20 // others run beside
	lan := New(t)
	ns := lan.Host.Open()
	if before.leaked() == "" {
		t.Error("an open namespace is not seen")
	}
	ns.Close()
	if left := before.leaked(); left != "" {
		t.Error(left)
	}
	strayed, back := make(chan struct{}), make(chan struct{})
	go lan.Host.Do(func() error { close(strayed); <-back; return nil })
	<-strayed
	if before.leaked() == "" {
		t.Error("a thread in another namespace is not seen")
	}
	close(back)
	before.goroutines = 0
	if before.leaked() == "" {
		t.Error("a goroutine is not seen")
	}
}
