// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// ErrPortInUse says that somebody in the container has the DHCP client port, and
// does not share it. REBINDING, which needs no port, is what is left.
var ErrPortInUse = errors.New("DHCP client port is in use")

// Unicast is the kernel's UDP between a leased address and its server: routes,
// ARP and a gateway on the way are the kernel's business, and so is what the
// container's own firewall thinks of it. It only sends: what the server answers,
// a broadcast NAK among it, a Packet hears.
type Unicast struct {
	datagram
	server netip.Addr
}

// DialServer opens a UDP socket in ns (nil: where the caller is) from local, an
// address of the interface ifindex, to server. It fails with EADDRNOTAVAIL where
// local is not there, with ErrPortInUse, and with ErrLinkGone.
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
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tos); err != nil {
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
	if soft(err) { // reported here, but of an earlier one
		err = u.control(write)
	}
	if err != nil {
		return fmt.Errorf("send to %v: %w", u.server, u.verdict(err))
	}
	return nil
}

// soft errors are what ICMP said of an earlier datagram. Anybody on the LAN can
// say that; the answer to a server that does not answer is T2.
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
