// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// ErrPortInUse says that a program in the container uses the DHCP client port and does
// not share it. Only REBINDING is left, which needs no port.
var ErrPortInUse = errors.New("DHCP client port is in use")

// Unicast is the kernel's UDP between a leased address and its server. The kernel takes
// care of routes, ARP and gateways, and the container's own firewall applies. Unicast
// only sends: a Packet hears the server's answers, and a NAK is broadcast.
type Unicast struct {
	datagram
	server netip.Addr
}

// DialServer opens a UDP socket in ns (nil: the caller's netns) from local, an address
// of the interface ifindex, to server. It fails with EADDRNOTAVAIL if local is missing,
// with ErrPortInUse, and with ErrLinkGone.
func DialServer(ns *netns.NS, ifindex int, local, server netip.Addr) (*Unicast, error) {
	if !local.Is4() || !server.Is4() {
		return nil, fmt.Errorf("dial server %v from %v: not IPv4", server, local)
	}
	d, err := openDatagram(ns, unix.AF_INET, ifindex)
	if err != nil {
		return nil, err
	}
	if err := d.control(func(fd int) error { return connect(fd, ifindex, local, server) }); err != nil {
		d.Close()
		return nil, fmt.Errorf("dial server %v from %v: %w", server, local, classify(err))
	}
	return &Unicast{datagram: d, server: server}, nil
}

func connect(fd, ifindex int, local, server netip.Addr) error {
	if err := share(fd, ifindex); err != nil {
		return err
	}
	err := unix.Bind(fd, &unix.SockaddrInet4{Port: clientPort, Addr: local.As4()})
	if err == unix.EADDRINUSE {
		return fmt.Errorf("%w: %w", ErrPortInUse, err)
	}
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrInet4{Port: serverPort, Addr: server.As4()})
}

// Send sends payload to the server.
func (u *Unicast) Send(payload []byte) error {
	write := func(fd int) error { return unix.Send(fd, payload, 0) }
	err := u.control(write)
	if soft(err) { // reported here, but about an earlier datagram
		err = u.control(write)
	}
	if err != nil {
		return fmt.Errorf("send to %v: %w", u.server, u.verdict(err))
	}
	return nil
}

// soft reports whether ICMP reported the error about an earlier datagram. Any host on
// the LAN can send such an ICMP message. If the server does not answer, T2 handles it.
func soft(err error) bool {
	for _, e := range []error{
		unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN,
		unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.ENONET,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
