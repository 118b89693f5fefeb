// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
)

// Session is an open netns, with its rtnetlink sockets. One exchange takes three to six
// steps in the netns, and finding the netns costs as much as most of these steps. One
// goroutine at a time uses a Session.
type Session struct {
	ns *netns.NS // nil: closed
	nl *binding.Conn
}

func (s *Session) isOpen() bool { return s != nil && s.ns != nil }

func (s *Session) netlink() *binding.Conn {
	if s.nl == nil {
		s.nl = binding.NewConn(s.ns)
	}
	return s.nl
}

func (s *Session) close() {
	if !s.isOpen() {
		return
	}
	if s.nl != nil {
		s.nl.Close()
	}
	s.ns.Close()
	s.ns, s.nl = nil, nil
}

// enter calls do with the place's session, or with one that it opens for this call.
func enter[T any](l Linux, p Place, do func(s *Session) (T, error)) (T, error) {
	var none T
	s := p.Session
	if !s.isOpen() {
		var err error
		if s, err = l.reach(p); err != nil {
			return none, err
		}
		defer s.close()
	}
	got, err := do(s)
	if err != nil { // got may be a nil pointer, which is no nil interface
		return none, gone(err)
	}
	return got, nil
}

// rtnetlink is enter for requests to rtnetlink.
func (l Linux) rtnetlink(p Place, do func(c *binding.Conn) error) error {
	_, err := enter(l, p, func(s *Session) (struct{}, error) { return struct{}{}, do(s.netlink()) })
	return err
}
