// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Packet is a raw socket on one interface, for one client. It needs no address.
// Until SetXID it receives nothing.
type Packet struct {
	device
	xid atomic.Uint32
}

// Open opens a packet socket in ns (nil: the caller's netns, for the host's side) on the
// interface ifindex, for the client whose chaddr is mac, 6 bytes. A missing interface is
// ErrLinkGone. If the interface is down, the first Send or SetXID says so.
func Open(ns *netns.NS, ifindex int, mac net.HardwareAddr) (*Packet, error) {
	p := &Packet{device: device{ifindex: ifindex, protocol: etherIP}}
	if err := p.openFor(ns, mac); err != nil {
		return nil, err
	}
	return p, nil
}

// SetXID starts a transaction: from now on only replies with this xid come in, and
// earlier ones are thrown away. It fails with ErrLinkDown if the interface went down
// meanwhile.
func (p *Packet) SetXID(xid uint32) error {
	p.xid.Store(xid)
	if err := p.admit(filter(match{p.mac, xid})); err != nil {
		return fmt.Errorf("set transaction: %w", p.verdict(err))
	}
	return nil
}

// Send broadcasts payload from 0.0.0.0 (RFC 2131 §4.1).
func (p *Packet) Send(payload []byte) error {
	return p.SendTo(payload, netip.IPv4Unspecified(), broadcast, nil)
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// SendTo sends payload from src's client port to dst's server port, in a frame to mac,
// or in a broadcast frame if mac is nil. It neither asks the routing table nor waits for
// ARP: a RELEASE must go out while the address is being removed, and needs that address
// as its source (Linux drops unicast from 0.0.0.0).
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

// Receive waits for the next reply to the transaction of SetXID. It skips all other
// packets, however many there are. It returns ctx.Err() when ctx ends, net.ErrClosed
// after Close. One goroutine may receive while others send. The payload, a whole DHCP
// message, belongs to the caller.
func (p *Packet) Receive(ctx context.Context) (payload []byte, from Source, err error) {
	err = p.receive(ctx, func(a arrival) (drop error) {
		payload, from, drop = a.open(match{p.mac, p.xid.Load()})
		payload = slices.Clone(payload) // the buffer is another socket's soon
		return drop
	})
	return payload, from, err
}

// Close returns at once; the descriptor is closed in the background, see Flush.
func (p *Packet) Close() { p.close() }
