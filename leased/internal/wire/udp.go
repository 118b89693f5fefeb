// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// datagram is a UDP socket of the kernel's on one interface: what Unicast and
// DHCP6 have in common.
type datagram struct {
	*socket
	ifindex int
}

// openDatagram opens one of the domain in ns, or where the caller is if ns is nil.
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

// share lets two leases of one namespace speak at the same time, each on its own interface.
func share(fd, ifindex int) error {
	// Bound to the interface, or another one with the same subnet may get it.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, ifindex); err != nil {
		return err
	}
	// A second lease in this namespace renews at the same time, for all we know.
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}

// verdict classifies an error of Send: that there is no route is what the
// kernel says of an interface that is down or gone, too.
func (d datagram) verdict(err error) error {
	if !errors.Is(err, unix.ENETUNREACH) {
		return classify(err)
	}
	if state := d.control(d.present); state != nil {
		return fmt.Errorf("%w (%w)", classify(state), err)
	}
	return err
}

// present says ENODEV or ENETDOWN where the interface is.
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

// Close lets go of the namespace at once: unlike a packet socket's, a UDP
// socket's end waits for nothing.
func (d datagram) Close() {
	if d.shut() {
		d.file.Close()
	}
}
