// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// etherIP is ETH_P_IP in network byte order, as AF_PACKET wants it.
var etherIP = binary.NativeEndian.Uint16([]byte{unix.ETH_P_IP >> 8, unix.ETH_P_IP & 0xff})

// Packet is a raw socket on one interface, for one client. It needs no address.
// Until SetXID it receives nothing.
type Packet struct {
	*socket
	ifindex int
	mac     [macLen]byte
	xid     atomic.Uint32
	buf     []byte // of the one receiver
}

// Open opens a packet socket in ns (nil: where the caller is, for the host's
// side) on the interface ifindex, for the client whose chaddr is mac, 6 bytes.
// An interface that is not there is ErrLinkGone; that one is down says the first
// Send or Receive.
func Open(ns *netns.NS, ifindex int, mac net.HardwareAddr) (*Packet, error) {
	if len(mac) != macLen {
		return nil, fmt.Errorf("open packet socket: %q is not an Ethernet address", mac)
	}
	// SOCK_DGRAM: the kernel makes and takes off the Ethernet header. Protocol 0
	// is none: bind sets it, and binding a socket that has none costs 0.01 ms,
	// one that has it a grace period of RCU. Nor does a frame of another
	// interface get in before bind (netavark #618).
	fd, err := open(ns, unix.AF_PACKET, unix.SOCK_DGRAM)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	s, err := newSocket(fd, "packet")
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	p := &Packet{socket: s, ifindex: ifindex, mac: [macLen]byte(mac), buf: make([]byte, maxPacket)}
	if err := s.control(p.prepare); err != nil {
		p.Close()
		return nil, fmt.Errorf("prepare packet socket on interface %d: %w", ifindex, classify(err))
	}
	return p, nil
}

// prepare sets the filter before it binds, or frames would get in in between.
func (p *Packet) prepare(fd int) error {
	if err := attach(fd, nothing); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return err
	}
	return unix.Bind(fd, p.linkAddr(nil))
}

// SetXID starts a transaction: from now on only replies with this xid come in,
// and what came before is thrown away. It fails with ErrLinkDown if the
// interface went down meanwhile.
func (p *Packet) SetXID(xid uint32) error {
	p.xid.Store(xid)
	err := p.control(func(fd int) error {
		if err := attach(fd, filter(match{p.mac, xid})); err != nil {
			return err
		}
		return drain(fd)
	})
	if err != nil {
		return fmt.Errorf("set transaction: %w", p.verdict(err))
	}
	return nil
}

// drain empties the socket's buffer. What ran through the old filter on another
// CPU may arrive still later; parse sees to that.
func drain(fd int) error {
	for {
		_, _, err := unix.Recvfrom(fd, nil, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch err {
		case nil, unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return err // the one notice that the link is down: not to be lost here
		}
	}
}

// Send broadcasts payload from 0.0.0.0 (RFC 2131 §4.1).
func (p *Packet) Send(payload []byte) error {
	return p.SendTo(payload, netip.IPv4Unspecified(), broadcast, nil)
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// SendTo sends payload from src's client port to dst's server port, in a frame
// to mac, or in a broadcast frame if mac is nil. It neither asks the routing
// table nor waits for ARP: a RELEASE must go out when the address is going, and
// needs that address as its source (Linux drops unicast from 0.0.0.0).
func (p *Packet) SendTo(payload []byte, src, dst netip.Addr, mac net.HardwareAddr) error {
	if !src.Is4() || !dst.Is4() || mac != nil && len(mac) != macLen {
		return fmt.Errorf("send from %v to %v (%v): not IPv4 over Ethernet", src, dst, mac)
	}
	err := p.control(func(fd int) error {
		return unix.Sendto(fd, build(payload, src, dst), 0, p.linkAddr(mac))
	})
	if err != nil {
		return fmt.Errorf("send from %v to %v: %w", src, dst, classify(err))
	}
	return nil
}

// Close returns at once; the descriptor is closed in the background, see Flush.
func (p *Packet) Close() {
	if p.shut() {
		background.close(p.file)
	}
}

func (p *Packet) linkAddr(mac net.HardwareAddr) *unix.SockaddrLinklayer {
	sa := &unix.SockaddrLinklayer{Protocol: etherIP, Ifindex: p.ifindex, Halen: macLen}
	if mac == nil {
		mac = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(sa.Addr[:], mac)
	return sa
}
