// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/wire"
)

var (
	router    = netip.MustParseAddr("192.0.2.1")
	routerMAC = net.HardwareAddr{2, 0xff, 0, 0, 0, 1}
)

// server is a DHCP server that says what a test makes up.
type server struct {
	mu     sync.Mutex
	answer answer
	heard  []string
	macs   []string // of those who said it
	seen   int      // of heard, by since
	raw    []error
}

// message is a client's.
type message struct {
	*dhcpv4.DHCPv4
	kind dhcp4.Type
	via  string // packet or unicast, and for SendTo frame
}

// answer makes replies, or none.
type answer func(m message) []dt.Server

func (s *server) set(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// hear takes a message; what comes back is for c.
func (s *server) hear(payload []byte, via string) [][]byte {
	p, err := dhcpv4.FromBytes(payload)
	if err != nil {
		panic(err)
	}
	m := message{p, dhcp4.Type(p.MessageType()), via}
	s.mu.Lock()
	s.heard = append(s.heard, m.kind.String()+" "+via)
	s.macs = append(s.macs, m.ClientHWAddr.String())
	s.raw = append(s.raw, dt.Check(payload))
	a := s.answer
	s.mu.Unlock()
	var out [][]byte
	for _, r := range a(m) {
		out = append(out, r.Bytes())
	}
	return out
}

// since is what was heard since it was asked last.
func (s *server) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.heard[s.seen:]
	s.seen = len(s.heard)
	return news
}

func (s *server) count(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heard {
		if h == what {
			n++
		}
	}
	return n
}

// silent answers nothing.
func silent(message) []dt.Server { return nil }

// grant gives every client an address of its own for life: 192.0.2.N for the MAC
// that ends in 0:N.
func grant(life time.Duration) answer {
	return func(m message) []dt.Server {
		return give(m, netip.AddrFrom4([4]byte{192, 0, 2 + m.ClientHWAddr[4], m.ClientHWAddr[5]}), life)
	}
}

// give gives an address.
func give(m message, addr netip.Addr, life time.Duration) []dt.Server {
	switch m.kind {
	case dhcp4.Discover:
		return []dt.Server{kind(2).to(m, addr, life)}
	case dhcp4.Request:
		return []dt.Server{kind(5).to(m, addr, life)}
	case dhcp4.Offer, dhcp4.Ack, dhcp4.Nak, dhcp4.Decline, dhcp4.Release:
	}
	return nil
}

// refuse is a NAK.
func refuse(m message) []dt.Server {
	return []dt.Server{{
		XID: xid(m), MAC: m.ClientHWAddr,
		Options: [][]byte{dt.Opt(53, 6), dt.OptAddr(54, router.String()), dt.OptText(56, "wrong network")},
	}}
}

type kind byte

func (k kind) to(m message, addr netip.Addr, life time.Duration) dt.Server {
	secs := uint32(dhcp4.Infinite)
	if life > 0 {
		secs = uint32(life / time.Second)
	}
	return dt.Server{XID: xid(m), MAC: m.ClientHWAddr, Your: addr, Options: [][]byte{
		dt.Opt(53, byte(k)), dt.OptAddr(54, router.String()), dt.OptTime(51, secs),
		dt.Opt(1, 255, 255, 255, 0), dt.OptAddr(3, router.String()), dt.OptAddr(6, "192.0.2.53"), dt.OptText(15, "example.net"),
	}}
}

func xid(m message) uint32 {
	x := m.TransactionID
	return uint32(x[0])<<24 | uint32(x[1])<<16 | uint32(x[2])<<8 | uint32(x[3])
}

var source = wire.Source{MAC: routerMAC, IP: router}
