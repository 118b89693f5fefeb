// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Conn is rtnetlink in a container's network namespace. Its methods do what the functions
// of the same name do, with fewer system calls: several messages go in one request. The
// library's handle takes over for a message that failed. One goroutine at a time uses a
// Conn.
type Conn struct {
	ns   *netns.NS
	sock int             // -1: not open
	h    *netlink.Handle // nil: not open
	seq  uint32          // of the last message sent
	buf  []byte          // for answers
}

// NewConn returns a Conn in ns, which must be open for as long as the Conn is in use. The
// Conn opens its sockets when it needs them.
func NewConn(ns *netns.NS) *Conn { return &Conn{ns: ns, sock: -1} }

// Dial is NewConn with the socket open. It also returns the cookie of ns, which the socket
// tells: netns.NS.Cookie would be another visit of ns.
func Dial(ns *netns.NS) (c *Conn, cookie uint64, err error) {
	c = NewConn(ns)
	fd, err := c.socket()
	if err != nil {
		return nil, 0, err
	}
	if cookie, err = netns.SocketCookie(fd); err != nil {
		c.Close()
		return nil, 0, err
	}
	return c, cookie, nil
}

// through returns a Conn that has only the library's handle. It is not closed.
func through(h *netlink.Handle) *Conn { return &Conn{sock: -1, h: h} }

// Close closes the sockets.
func (c *Conn) Close() {
	if c.sock >= 0 {
		unix.Close(c.sock)
	}
	if c.h != nil {
		c.h.Close()
	}
	c.sock, c.h = -1, nil
}

// Handle returns the library's handle in the namespace, open until Close.
func (c *Conn) Handle() (h *netlink.Handle, err error) {
	if c.h == nil {
		c.h, err = c.ns.Netlink()
	}
	return c.h, err
}

func (c *Conn) socket() (fd int, err error) {
	if c.sock < 0 && c.ns == nil {
		return -1, unix.EBADF
	}
	if c.sock < 0 {
		c.sock, err = c.ns.Rtnetlink()
	}
	return c.sock, err
}

// again repeats with the library a message that failed with err. nil stays nil.
func (c *Conn) again(err error, do func(h *netlink.Handle) error) error {
	if err == nil {
		return nil
	}
	h, lost := c.Handle()
	switch {
	case lost == nil:
		return do(h)
	case errors.Is(err, errUnanswered):
		return lost
	}
	return classify(err)
}

// Check is the function of that name.
func (c *Conn) Check(ifindex int, mac net.HardwareAddr) error {
	l, err := c.find(ifindex)
	if err != nil {
		return err
	}
	if l.mac.String() != mac.String() {
		return fmt.Errorf("interface %d has MAC %v, not %v: %w", ifindex, l.mac, mac, ErrGone)
	}
	return l.isUp()
}

// Index is the function of that name.
func (c *Conn) Index(name string, mac net.HardwareAddr) (int, error) {
	l, err := c.getLink(0, name)
	err = c.again(err, func(h *netlink.Handle) (err error) { l, err = linkOf(h.LinkByName(name)); return err })
	switch {
	case errors.Is(err, ErrGone):
		return 0, fmt.Errorf("interface %s: %w", name, ErrGone)
	case err != nil:
		return 0, fmt.Errorf("find interface %s: %w", name, classify(err))
	}
	if l.mac.String() != mac.String() {
		return 0, fmt.Errorf("interface %s has MAC %v, not %v: %w", name, l.mac, mac, ErrGone)
	}
	return l.index, nil
}

// Remove is the function of that name.
func (c *Conn) Remove(s Spec) error {
	h, err := c.Handle()
	if err != nil {
		return err
	}
	return Remove(h, s)
}

// Apply6 is the function of that name.
func (c *Conn) Apply6(next Spec6, prev *Spec6) error {
	h, err := c.Handle()
	if err != nil {
		return err
	}
	return Apply6(h, next, prev)
}

// Remove6 is the function of that name.
func (c *Conn) Remove6(s Spec6) error {
	h, err := c.Handle()
	if err != nil {
		return err
	}
	return Remove6(h, s)
}
