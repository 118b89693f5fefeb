// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// EtherTypes in network byte order, as AF_PACKET wants them.
var (
	etherIP   = networkOrder(unix.ETH_P_IP)
	etherIPv6 = networkOrder(unix.ETH_P_IPV6)
	etherARP  = networkOrder(unix.ETH_P_ARP)
)

func networkOrder(n uint16) uint16 {
	return binary.NativeEndian.Uint16([]byte{byte(n >> 8), byte(n)})
}

// device is a packet socket on one interface, the common part of Packet, ARP and
// Routers. Until admit it receives nothing.
type device struct {
	*socket
	ifindex  int
	protocol uint16       // etherIP, etherIPv6 or etherARP
	mac      [macLen]byte // of the one client, if there is one
	buf      []byte       // of the one receiver; nil: it borrows one of maxPacket bytes
	bound    bool
}

// openFor is openIn for the client whose MAC is mac.
func (d *device) openFor(ns *netns.NS, mac net.HardwareAddr) error {
	if len(mac) != macLen {
		return fmt.Errorf("open packet socket: %q is not an Ethernet address", mac)
	}
	d.mac = [macLen]byte(mac)
	return d.openIn(ns)
}

// openIn opens the socket in ns, or in the caller's netns if ns is nil.
func (d *device) openIn(ns *netns.NS) error {
	// SOCK_DGRAM: the kernel adds and removes the Ethernet header. Protocol 0 means
	// none; bind sets it. Binding a socket without a protocol costs 0.01 ms, with a
	// protocol an RCU grace period. Also, no frame of another interface gets in before
	// bind (netavark #618).
	fd, err := open(ns, unix.AF_PACKET, unix.SOCK_DGRAM)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	if d.socket, err = newSocket(fd, "packet"); err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	if err := d.control(d.present); err != nil {
		d.close()
		return fmt.Errorf("open packet socket on interface %d: %w", d.ifindex, classify(err))
	}
	return nil
}

// admit lets in the packets that prog accepts from now on, and throws away earlier ones.
// The first call also binds the socket, after the filter is set: otherwise frames would
// get in between. Until then the socket can send and hears nothing.
func (d *device) admit(prog []bpf.Instruction) error {
	return d.control(func(fd int) error {
		if err := attach(fd, prog); err != nil {
			return err
		}
		if err := d.bind(fd); err != nil {
			return err
		}
		return drain(fd)
	})
}

func (d *device) bind(fd int) error {
	if d.bound {
		return nil
	}
	d.bound = true
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return err
	}
	return unix.Bind(fd, d.linkAddr(nil))
}

// drain empties the socket's buffer. A packet that passed the old filter on another CPU
// may arrive still later; parsing drops it.
func drain(fd int) error {
	for {
		_, _, err := unix.Recvfrom(fd, nil, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch err {
		case nil, unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return err // the only notice that the link is down must not be lost here
		}
	}
}

// close returns at once; the descriptor is closed in the background, see Flush.
func (d *device) close() {
	if d.shut() {
		background.close(d.file)
	}
}

// linkAddr is the interface's station mac, or all of them if mac is nil.
func (d *device) linkAddr(mac net.HardwareAddr) *unix.SockaddrLinklayer {
	sa := &unix.SockaddrLinklayer{Protocol: d.protocol, Ifindex: d.ifindex, Halen: macLen}
	if mac == nil {
		mac = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(sa.Addr[:], mac)
	return sa
}
