// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/vishvananda/netlink"
	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The floor is what nobody can be faster than: one process, no daemon, no exec; a
// link, two round trips to the server, an address and a default route, each with as
// few requests to the kernel as it takes. It checks nothing and writes nothing down.

// linkIndex is the container's link's, for then nobody has to ask for it. It must
// be free on the host, too.
const linkIndex = 1 << 20

// floor is the way that nobody takes; link makes the link.
func floor(name string, link func(netlink.LinkAttrs) error) *way {
	return &way{name: name, kind: boundKind, rounds: quickRounds, attach: func(t try) (func() error, error) {
		b := &bare{ns: vns.None()}
		err := b.attach(t.space, link)
		return b.undo, err
	}}
}

// bare is one attachment by the floor's way.
type bare struct {
	ns     vns.NsHandle
	inside *netlink.Handle
	sock   *packetSocket
	ack    *dhcpv4.DHCPv4
}

func (b *bare) attach(s space, link func(netlink.LinkAttrs) error) (err error) {
	if b.ns, err = vns.GetFromPath(s.path()); err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Index, attrs.HardwareAddr = "eth0", linkIndex, randomMAC()
	attrs.Flags, attrs.Namespace = net.FlagUp, netlink.NsFd(b.ns)
	if err := link(attrs); err != nil {
		return fmt.Errorf("make the link: %w", err)
	}
	if err := enter(b.ns, b.open); err != nil {
		return err
	}
	if err := carrier(b.inside, "eth0"); err != nil {
		return err
	}
	if b.ack, err = lease(b.sock, attrs.HardwareAddr); err != nil {
		return err
	}
	return b.bind()
}

// open opens both sockets, in the namespace.
func (b *bare) open() (err error) {
	if b.inside, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return err
	}
	b.sock, err = openPacket(linkIndex)
	return err
}

func (b *bare) bind() error {
	made := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: linkIndex}}
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: b.ack.YourIPAddr, Mask: b.ack.SubnetMask()}}
	if err := b.inside.AddrAdd(made, addr); err != nil {
		return fmt.Errorf("add the address: %w", err)
	}
	gateway := b.ack.Router()
	if len(gateway) == 0 {
		return errors.New("the server names no router")
	}
	if err := b.inside.RouteAdd(&netlink.Route{LinkIndex: linkIndex, Gw: gateway[0]}); err != nil {
		return fmt.Errorf("add the route: %w", err)
	}
	return nil
}

// undo gives the address back and closes what the namespace would live by.
func (b *bare) undo() (err error) {
	if b.ack != nil {
		err = release(b.sock, b.ack)
	}
	if b.sock != nil {
		err = errors.Join(err, b.sock.close())
	}
	if b.inside != nil {
		err = errors.Join(err, b.inside.LinkDel(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: linkIndex}}))
		b.inside.Close()
	}
	return errors.Join(err, b.ns.Close())
}

func randomMAC() net.HardwareAddr {
	mac := make(net.HardwareAddr, 6)
	_, _ = rand.Read(mac) // never fails
	mac[0] = mac[0]&^1 | 2
	return mac
}
