// SPDX-License-Identifier: Apache-2.0

// Package wire is step 8 of the way of a lease: short-lived sockets inside the
// container's network namespace, on the container's own interface. Packet speaks raw IP,
// for a container that has no address yet and for the RELEASE; Unicast is the kernel's
// UDP, for RENEWING; ARP hears other hosts that use the address. For IPv6, DHCP6 is the
// kernel's UDP from the link-local address, which exists before any lease, and Routers
// hears router advertisements. Every open socket pins the namespace, its links and their
// MACs. So its user closes it as soon as the exchange ends: a lease at rest holds no
// socket.
package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Ports of DHCPv4 (RFC 2131 §4.1).
const (
	serverPort = 67
	clientPort = 68
)

// Errors of all calls here, for errors.Is. The system's own error is wrapped beside them.
var (
	// ErrLinkDown says that the interface exists but is down. The interface may come up
	// again, and then the socket works again.
	ErrLinkDown = errors.New("interface is down")
	// ErrLinkGone says that the interface was deleted or moved to another
	// namespace: nothing will ever come from this socket again.
	ErrLinkGone = errors.New("interface is gone")
)

// Source is the sender of a message.
type Source struct {
	MAC net.HardwareAddr // the last hop's; nil if the kernel does not tell it, as over UDP
	IP  netip.Addr       // the server's or relay's, without a zone
}

// classify wraps a kernel error with its meaning for the interface.
func classify(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrLinkDown), errors.Is(err, ErrLinkGone):
		return err
	case errors.Is(err, unix.ENETDOWN):
		return fmt.Errorf("%w: %w", ErrLinkDown, err)
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: %w", ErrLinkGone, err)
	}
	return err
}

// open makes a socket in ns, or in the caller's netns if ns is nil.
func open(ns *netns.NS, domain, kind int) (fd int, err error) {
	err = netns.OrOwn(ns).Do(func() (err error) {
		fd, err = unix.Socket(domain, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return err
	})
	return fd, err
}
