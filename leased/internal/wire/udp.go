// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// datagram is a UDP socket of the kernel's on one interface, the common part of Unicast
// and DHCP6.
type datagram struct {
	*socket
	ifindex int
}

// openDatagram opens a socket of the domain in ns, or in the caller's netns if ns is
// nil.
func openDatagram(ns *netns.NS, domain, ifindex int) (datagram, error) {
	fd, err := open(ns, domain, unix.SOCK_DGRAM)
	if err != nil {
		return datagram{}, fmt.Errorf("open UDP socket: %w", err)
	}
	s, err := newSocket(fd, "udp")
	if err != nil {
		return datagram{}, fmt.Errorf("open UDP socket: %w", err)
	}
	return datagram{socket: s, ifindex: ifindex}, nil
}

// share lets two leases of one namespace send at the same time, each on its own
// interface.
func share(fd, ifindex int) error {
	// Bound to the interface, or another interface with the same subnet may get the
	// packet.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, ifindex); err != nil {
		return err
	}
	// A second lease in this namespace may renew at the same time.
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}

// verdict classifies an error of Send. The kernel also says "no route" for an interface
// that is down or gone.
func (d datagram) verdict(err error) error {
	if !errors.Is(err, unix.ENETUNREACH) {
		return classify(err)
	}
	if state := d.control(d.present); state != nil {
		return fmt.Errorf("%w (%w)", classify(state), err)
	}
	return err
}

// present returns ENODEV or ENETDOWN if the interface is gone or down.
func (d datagram) present(fd int) error {
	link, err := unix.NewIfreq("")
	if err != nil {
		return err
	}
	link.SetUint32(uint32(d.ifindex))
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFNAME, link); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, link); err != nil {
		return err
	}
	if link.Uint16()&unix.IFF_UP == 0 {
		return unix.ENETDOWN
	}
	return nil
}

// Close frees the namespace at once: closing a UDP socket waits for nothing, unlike
// closing a packet socket.
func (d datagram) Close() {
	if d.shut() {
		d.file.Close()
	}
}
