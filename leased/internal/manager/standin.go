// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// standIn is a link like one that is gone, in a namespace of its own: a RELEASE
// for a dead container must come from its MAC, and through a port of the bridge,
// or a server on the host's own bridge would not hear it.
type standIn struct {
	*wire.Packet
	ns *netns.NS
}

// standInFor is how long making it may take: where a new container has the MAC by
// now there is no use in waiting.
const standInFor = 200 * time.Millisecond

// StandIn makes a link with l's MAC where l's was, and opens a raw socket on it.
// Close takes it away.
func (Linux) StandIn(l leaseapi.Link) (PacketConn, error) {
	mac, err := net.ParseMAC(l.MAC)
	if err != nil {
		return nil, err
	}
	ns, err := netns.New()
	if err != nil {
		return nil, err
	}
	p, err := makeStandIn(ns, l.Host, mac)
	if err != nil {
		ns.Close()
		return nil, fmt.Errorf("make a link in place of the one that is gone: %w", err)
	}
	return &standIn{p, ns}, nil
}

func makeStandIn(ns *netns.NS, on string, mac net.HardwareAddr) (*wire.Packet, error) {
	ctx, cancel := context.WithTimeout(context.Background(), standInFor)
	defer cancel()
	host, err := attach.OpenHost(nil)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	var tag [4]byte
	_, _ = rand.Read(tag[:]) // never fails
	if _, err := host.Make(ctx, ns, attach.Spec{
		Host: on, Mode: "bridge", Interface: standInName, MAC: mac,
		HostEnd: "bye-" + hex.EncodeToString(tag[:]), Alias: "leased: gives a lease back",
	}); err != nil {
		return nil, err
	}
	nl, err := ns.Netlink()
	if err != nil {
		return nil, err
	}
	defer nl.Close()
	index, err := binding.Index(nl, standInName, mac)
	if err != nil {
		return nil, err
	}
	return wire.Open(ns, index, mac)
}

const standInName = "eth0"

// Close deletes the link first: the socket holds the namespace for some time yet,
// and the MAC may be wanted.
func (s *standIn) Close() {
	_ = attach.Delete(s.ns, standInName, nil)
	s.Packet.Close()
	s.ns.Close()
}
