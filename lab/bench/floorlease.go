// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

var unspecified, broadcast = netip.IPv4Unspecified(), netip.AddrFrom4([4]byte{255, 255, 255, 255})

// lease is DISCOVER, OFFER, REQUEST, ACK.
func lease(s *packetSocket, mac net.HardwareAddr) (*dhcpv4.DHCPv4, error) {
	discover, err := dhcpv4.NewDiscovery(mac)
	if err != nil {
		return nil, err
	}
	offer, err := exchange(s, discover, dhcpv4.MessageTypeOffer)
	if err != nil {
		return nil, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer)
	if err != nil {
		return nil, err
	}
	return exchange(s, request, dhcpv4.MessageTypeAck)
}

// exchange sends m and waits for the server's answer to it.
func exchange(s *packetSocket, m *dhcpv4.DHCPv4, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	if err := s.send(m.ToBytes(), unspecified, broadcast); err != nil {
		return nil, fmt.Errorf("send %s: %w", m.MessageType(), err)
	}
	for {
		payload, err := s.receive()
		if err != nil {
			return nil, fmt.Errorf("wait for %s: %w", want, err)
		}
		reply, err := dhcpv4.FromBytes(payload)
		if err == nil && reply.OpCode == dhcpv4.OpcodeBootReply && reply.TransactionID == m.TransactionID && reply.MessageType() == want {
			return reply, nil
		}
	}
}

// release gives the address back, in a broadcast frame: nobody here knows the
// server's MAC.
func release(s *packetSocket, ack *dhcpv4.DHCPv4) error {
	m, err := dhcpv4.NewReleaseFromACK(ack)
	if err != nil {
		return err
	}
	src, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	dst, _ := netip.AddrFromSlice(ack.ServerIdentifier().To4())
	return s.send(m.ToBytes(), src, dst)
}
