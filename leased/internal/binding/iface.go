// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// iface is the part of a link that this package looks at.
type iface struct {
	index int
	name  string
	mac   net.HardwareAddr
	up    bool
}

func (c *Conn) find(ifindex int) (iface, error) {
	l, err := c.getLink(ifindex, "")
	err = c.again(err, func(h *netlink.Handle) (err error) { l, err = linkOf(h.LinkByIndex(ifindex)); return err })
	if err != nil {
		return l, fmt.Errorf("find interface %d: %w", ifindex, classify(err))
	}
	return l, nil
}

const skipStats = 8 // RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h

// getLink asks for a link (RTM_GETLINK) by its index, or by its name if name is not
// empty. A link that is not there is ENODEV.
func (c *Conn) getLink(ifindex int, name string) (iface, error) {
	r := c.request()
	attrs := []attribute{{unix.IFLA_EXT_MASK, number(skipStats)}}
	if name != "" {
		attrs = append(attrs, attribute{unix.IFLA_IFNAME, append([]byte(name), 0)})
	}
	r.add(unix.RTM_GETLINK, 0, linkHeader(ifindex), attrs...)
	a := c.send(r)
	return a.link, a.errs[0]
}

// parseLink reads the part of an RTM_NEWLINK that this package looks at: a struct
// ifinfomsg and its attributes.
func parseLink(m []byte) iface {
	l := iface{index: int(int32(native.Uint32(m[4:]))), up: native.Uint32(m[8:])&unix.IFF_UP != 0}
	for m = m[unix.SizeofIfInfomsg:]; len(m) >= unix.SizeofRtAttr; {
		size, kind := int(native.Uint16(m)), native.Uint16(m[2:])
		if size < unix.SizeofRtAttr || size > len(m) {
			break
		}
		switch value := m[unix.SizeofRtAttr:size]; kind {
		case unix.IFLA_IFNAME:
			l.name = unix.ByteSliceToString(value)
		case unix.IFLA_ADDRESS:
			l.mac = bytes.Clone(value)
		}
		m = m[min(len(m), (size+unix.RTA_ALIGNTO-1)&^(unix.RTA_ALIGNTO-1)):]
	}
	return l
}

// linkOf converts the library's answer. A link that is not there is ErrGone.
func linkOf(l netlink.Link, err error) (iface, error) {
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return iface{}, ErrGone
	}
	if err != nil {
		return iface{}, err
	}
	a := l.Attrs()
	return iface{a.Index, a.Name, a.HardwareAddr, a.Flags&net.FlagUp != 0}, nil
}

func (l iface) isUp() error {
	if !l.up {
		return fmt.Errorf("interface %d (%s): %w", l.index, l.name, ErrDown)
	}
	return nil
}
