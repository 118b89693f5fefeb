// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

func (c *Conn) find(ifindex int) (rtnetlink.Link, error) {
	l, err := c.getLink(func(sock *rtnetlink.Conn) (rtnetlink.Link, error) { return sock.LinkByIndex(ifindex) })
	err = c.again(err, func(h *netlink.Handle) (err error) { l, err = linkOf(h.LinkByIndex(ifindex)); return err })
	if err != nil {
		return l, fmt.Errorf("find interface %d: %w", ifindex, classify(err))
	}
	return l, nil
}

func (c *Conn) getLink(ask func(*rtnetlink.Conn) (rtnetlink.Link, error)) (rtnetlink.Link, error) {
	sock, err := c.socket()
	if err != nil {
		return rtnetlink.Link{}, rtnetlink.ErrUnanswered
	}
	return ask(sock)
}

// linkOf converts the part of the library's answer that this package looks at. A link
// that is not there is ErrGone.
func linkOf(l netlink.Link, err error) (rtnetlink.Link, error) {
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return rtnetlink.Link{}, ErrGone
	}
	if err != nil {
		return rtnetlink.Link{}, err
	}
	a := l.Attrs()
	return rtnetlink.Link{Index: a.Index, Name: a.Name, MAC: a.HardwareAddr, Flags: a.RawFlags}, nil
}

func isUp(l rtnetlink.Link) error {
	if l.Flags&unix.IFF_UP == 0 {
		return fmt.Errorf("interface %d (%s): %w", l.Index, l.Name, ErrDown)
	}
	return nil
}
