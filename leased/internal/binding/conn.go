// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Conn is rtnetlink in a container's network namespace. Several messages go in one request.
// The library's handle takes over for a message that failed, unless it is about a route.
// One goroutine at a time uses a Conn.
//
// The container decides how much is in its tables. So no method reads a table as a whole:
// each asks for one thing, or for the addresses of one interface up to a limit.
type Conn struct {
	ns   *netns.NS
	sock *rtnetlink.Conn // nil: not open
	h    *netlink.Handle // nil: not open
}

// NewConn returns a Conn in ns, which must be open for as long as the Conn is in use. The
// Conn opens its sockets when it needs them.
func NewConn(ns *netns.NS) *Conn { return &Conn{ns: ns} }

// Dial is NewConn with the socket open. It also returns the cookie of ns, which the socket
// tells: netns.NS.Cookie would be another visit of ns.
func Dial(ns *netns.NS) (c *Conn, cookie uint64, err error) {
	c = NewConn(ns)
	sock, err := c.socket()
	if err != nil {
		return nil, 0, err
	}
	if cookie, err = netns.SocketCookie(sock.FD()); err != nil {
		c.Close()
		return nil, 0, err
	}
	return c, cookie, nil
}

// Close closes the sockets.
func (c *Conn) Close() {
	if c.sock != nil {
		c.sock.Close()
	}
	if c.h != nil {
		c.h.Close()
	}
	c.sock, c.h = nil, nil
}

// Handle returns the library's handle in the namespace, open until Close.
func (c *Conn) Handle() (h *netlink.Handle, err error) {
	if c.h == nil {
		err = c.ns.Do(func() (err error) { c.h, err = netlink.NewHandle(unix.NETLINK_ROUTE); return err })
	}
	return c.h, err
}

func (c *Conn) socket() (sock *rtnetlink.Conn, err error) {
	if c.sock == nil {
		c.sock, err = c.ns.Rtnetlink()
	}
	return c.sock, err
}

// send sends the messages in one request and returns the answer to each: nil, an errno,
// or one that wraps rtnetlink.ErrUnanswered.
func (c *Conn) send(r request) []error {
	errs := make([]error, r.Len())
	sock, err := c.socket()
	if err != nil {
		for i := range errs {
			errs[i] = fmt.Errorf("%w: %w", rtnetlink.ErrUnanswered, err)
		}
		return errs
	}
	for i, a := range sock.Do(r.Request) {
		errs[i] = a.Err
	}
	return errs
}

// one sends a request of one message. If the kernel does not answer, one sends the message
// again through another socket.
func (c *Conn) one(r request) error {
	err := c.send(r)[0]
	if errors.Is(err, rtnetlink.ErrUnanswered) && c.sock != nil {
		c.sock.Close()
		c.sock = nil
		err = c.send(r)[0]
	}
	return err
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
	case errors.Is(err, rtnetlink.ErrUnanswered):
		return lost
	}
	return classify(err)
}

// Check reports whether ifindex is still an interface, has that MAC, and is up: nil,
// ErrGone, ErrMAC or ErrDown, of which the first one counts. The kernel gives an ifindex of
// a netns to one interface only, so another MAC is a changed one.
func (c *Conn) Check(ifindex int, mac net.HardwareAddr) error {
	l, err := c.find(ifindex)
	if err != nil {
		return err
	}
	if l.MAC.String() != mac.String() {
		return fmt.Errorf("%w: %s has %v, not %v", ErrMAC, l.Name, l.MAC, mac)
	}
	return isUp(l)
}

// Name returns the name that the interface has at present, or ErrGone.
func (c *Conn) Name(ifindex int) (string, error) {
	l, err := c.find(ifindex)
	return l.Name, err
}

// Index returns the ifindex of the interface with that name and MAC, or ErrGone.
func (c *Conn) Index(name string, mac net.HardwareAddr) (int, error) {
	l, err := c.getLink(func(sock *rtnetlink.Conn) (rtnetlink.Link, error) { return sock.LinkByName(name) })
	err = c.again(err, func(h *netlink.Handle) (err error) { l, err = linkOf(h.LinkByName(name)); return err })
	switch {
	case errors.Is(err, ErrGone):
		return 0, fmt.Errorf("interface %s: %w", name, ErrGone)
	case err != nil:
		return 0, fmt.Errorf("find interface %s: %w", name, classify(err))
	}
	if l.MAC.String() != mac.String() {
		return 0, fmt.Errorf("interface %s has MAC %v, not %v: %w", name, l.MAC, mac, ErrGone)
	}
	return l.Index, nil
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
