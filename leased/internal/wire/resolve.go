// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net"
	"net/netip"
)

// Resolve asks by ARP which MAC has addr, as a host whose address is from, and waits for the
// answer until ctx ends (RFC 826). It is for a Packet that sends and does not receive: from
// then on the socket hears ARP, and Receive would hear nothing. It needs no address on the
// interface: the host of a RELEASE may be gone.
func (p *Packet) Resolve(ctx context.Context, from, addr netip.Addr) (net.HardwareAddr, error) {
	a := ARP{
		device: device{socket: p.socket, ifindex: p.ifindex, protocol: etherARP, mac: p.mac, buf: make([]byte, arpLen)},
		awake:  make(chan struct{}),
	}
	if err := a.Watch(addr); err != nil {
		return nil, err
	}
	if err := a.ask("ask for", from, addr); err != nil {
		return nil, err
	}
	for {
		said, err := a.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if !said.Probe { // a probe is from a host that has no address yet
			return said.MAC, nil
		}
	}
}
