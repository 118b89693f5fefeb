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
	*socket
	ifindex int
	server  netip.Addr
}

// DialServer opens a UDP socket in ns (nil: where the caller is) from local, an
// address of the interface ifindex, to server. It fails with EADDRNOTAVAIL where
// local is not there, with ErrPortInUse, and with ErrLinkGone.
func DialServer(ns *netns.NS, ifindex int, local, server netip.Addr) (*Unicast, error) {
	if !local.Is4() || !server.Is4() {
		return nil, fmt.Errorf("dial server %v from %v: not IPv4", server, local)
	}
	fd, err := open(ns, unix.AF_INET, unix.SOCK_DGRAM)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	s, err := newSocket(fd, "udp")
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	if err := s.control(func(fd int) error { return connect(fd, ifindex, local, server) }); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("dial server %v from %v: %w", server, local, classify(err))
	}
	return &Unicast{socket: s, ifindex: ifindex, server: server}, nil
}

func connect(fd, ifindex int, local, server netip.Addr) error {
	// Bound to the interface, or another one with the same subnet may get it.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, ifindex); err != nil {
		return err
	}
	// A second lease in this namespace renews at the same time, for all we know.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
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

// verdict classifies an error of Send: that there is no route is what the
// kernel says of an interface that is down or gone, too.
func (u *Unicast) verdict(err error) error {
	if !errors.Is(err, unix.ENETUNREACH) {
		return classify(err)
	}
	if state := u.control(u.present); state != nil {
		return fmt.Errorf("%w (%w)", classify(state), err)
	}
	return err
}

// present says ENODEV or ENETDOWN where the interface is.
func (u *Unicast) present(fd int) error {
	link, err := unix.NewIfreq("")
	if err != nil {
		return err
	}
	link.SetUint32(uint32(u.ifindex))
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
func (u *Unicast) Close() {
	if u.shut() {
		u.file.Close()
	}
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
