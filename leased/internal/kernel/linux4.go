// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

// Packet opens a raw socket on the link.
func (l Linux) Packet(p Place) (PacketConn, error) {
	return enter(l, p, func(s *Session) (PacketConn, error) { return wire.Open(s.ns, p.Index, p.MAC) })
}

// ARP opens an ARP socket on the link.
func (l Linux) ARP(p Place) (ARPConn, error) {
	return enter(l, p, func(s *Session) (ARPConn, error) { return wire.OpenARP(s.ns, p.Index, p.MAC) })
}

// Unicast opens a UDP socket from the leased address to the server.
func (l Linux) Unicast(p Place, local, server netip.Addr) (Sender, error) {
	return enter(l, p, func(s *Session) (Sender, error) { return wire.DialServer(s.ns, p.Index, local, server) })
}

// Apply4 applies a lease; prev is what was applied before.
func (l Linux) Apply4(p Place, next binding.Spec, prev *binding.Spec) (a binding.Applied, err error) {
	err = l.rtnetlink(p, func(c *binding.Conn) error {
		if !p.Session.isOpen() { // else Find has looked
			if err := lives(c, p); err != nil {
				return err
			}
		}
		a, err = c.Apply(next, prev)
		return err
	})
	return a, err
}

// Others4 are the IPv4 addresses of the container's other interfaces.
func (l Linux) Others4(p Place) (all []binding.Other, err error) {
	err = l.rtnetlink(p, func(c *binding.Conn) error { all, err = c.Others(p.Index); return err })
	return all, err
}

// Remove4 removes what was applied.
func (l Linux) Remove4(p Place, s binding.Spec) error {
	return l.rtnetlink(p, func(c *binding.Conn) error { return c.Remove(s) })
}

// standIn4 is a link like one that is gone, in a namespace of its own: a RELEASE
// for a dead container must come from its MAC, and through a port of the bridge,
// or a server on the host's own bridge would not hear it.
type standIn4 struct {
	*wire.Packet
	raised
}

// StandIn4 makes a link with l's MAC where l's was, and opens a raw socket on it.
// Close takes it away.
func (x Linux) StandIn4(l request.Link) (PacketConn, error) {
	return raise(x, l.Host, l.MAC, nil, func(own raised, index int) (*standIn4, error) {
		p, err := wire.Open(own.ns, index, l.MAC)
		return &standIn4{p, own}, err
	})
}

// Close deletes the link first: the socket holds the namespace for some time yet,
// and the MAC may be wanted.
func (s *standIn4) Close() {
	s.delete()
	s.Packet.Close()
	s.ns.Close()
}
