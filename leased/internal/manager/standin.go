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
	return raise(l.Host, mac, nil, func(ns *netns.NS, index int) (*standIn, error) {
		p, err := wire.Open(ns, index, mac)
		return &standIn{p, ns}, err
	})
}

// raise makes a link of our own on a host interface, in a namespace that lasts as
// long as it is open: leased's end takes both away. use opens what it is for;
// ipv6 is what the link is like in IPv6 (conf/default), nil: as the kernel has it.
func raise[T any](on string, mac net.HardwareAddr, ipv6 map[string]string, use func(ns *netns.NS, index int) (T, error)) (t T, err error) {
	ns, err := netns.New()
	if err != nil {
		return t, err
	}
	index := 0
	if err = sysctls6(ns, ipv6); err == nil {
		index, err = raiseLink(ns, on, mac)
	}
	if err == nil {
		t, err = use(ns, index)
	}
	if err != nil {
		_ = deleteRaised(ns)
		ns.Close()
		return t, fmt.Errorf("make a link of our own on %s: %w", on, err)
	}
	return t, nil
}

func raiseLink(ns *netns.NS, on string, mac net.HardwareAddr) (index int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), standInFor)
	defer cancel()
	host, err := attach.OpenHost(nil)
	if err != nil {
		return 0, err
	}
	defer host.Close()
	var tag [4]byte
	_, _ = rand.Read(tag[:]) // never fails
	if _, err := host.Make(ctx, ns, attach.Spec{
		Host: on, Mode: "bridge", Interface: raisedName, MAC: mac,
		HostEnd: "leased-" + hex.EncodeToString(tag[:]), Alias: "leased's own",
	}); err != nil {
		return 0, err
	}
	nl, err := ns.Netlink()
	if err != nil {
		return 0, err
	}
	defer nl.Close()
	return binding.Index(nl, raisedName, mac)
}

const raisedName = "eth0"

func deleteRaised(ns *netns.NS) error { return attach.Delete(ns, raisedName, nil) }

// Close deletes the link first: the socket holds the namespace for some time yet,
// and the MAC may be wanted.
func (s *standIn) Close() {
	_ = deleteRaised(s.ns)
	s.Packet.Close()
	s.ns.Close()
}
