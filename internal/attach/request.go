// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"net"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// create makes a link (RTM_NEWLINK) of a kind with these attributes.
func create(c *rtnetlink.Conn, kind string, data rtnetlink.Attr, flags uint32, attrs ...rtnetlink.Attr) error {
	attrs = append(attrs, rtnetlink.Nested(unix.IFLA_LINKINFO, rtnetlink.String(unix.IFLA_INFO_KIND, kind), data))
	_, err := c.Ask(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, rtnetlink.LinkHeader(0, flags, flags), attrs...)
	return err
}

// change changes a link (RTM_NEWLINK), and sets flags.
func change(c *rtnetlink.Conn, of which, flags uint32, attrs ...rtnetlink.Attr) error {
	_, err := c.Ask(unix.RTM_NEWLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(of.index, flags, flags), append(of.attrs, attrs...)...)
	return err
}

// drop deletes a link.
func drop(c *rtnetlink.Conn, of which) error {
	_, err := c.Ask(unix.RTM_DELLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(of.index, 0, 0), of.attrs...)
	return err
}

// which selects the link that a request is about.
type which struct {
	index int
	attrs []rtnetlink.Attr
}

func named(name string) which {
	return which{attrs: []rtnetlink.Attr{rtnetlink.String(unix.IFLA_IFNAME, name)}}
}

func numbered(index int) which { return which{index: index} }

// inside returns the attributes of the container's end: in its namespace, with its final
// name. With a nil MAC the kernel chooses one.
func inside(ns int, name string, mac net.HardwareAddr, mtu int) []rtnetlink.Attr {
	attrs := []rtnetlink.Attr{
		rtnetlink.String(unix.IFLA_IFNAME, name),
		rtnetlink.Uint32(unix.IFLA_NET_NS_FD, uint32(ns)),
		rtnetlink.Uint32(unix.IFLA_MTU, uint32(mtu)),
	}
	if mac != nil {
		attrs = append(attrs, rtnetlink.Attr{Type: unix.IFLA_ADDRESS, Value: mac})
	}
	return attrs
}
