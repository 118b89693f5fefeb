// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"fmt"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/guard"
	"podman-net-dhcp/leased/internal/helper"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Linux is the real Kernel.
type Linux struct {
	Host   *netns.NS     // where the interfaces are that containers' links hang on; nil: leased's own
	Guard  *guard.Guard  // of the bridge ports there; nil: no port is guarded
	VLANs  *VLANs        // nil: VLAN devices stay
	Helper helper.Client // for resolv.conf, and for netns that leased may not open
}

// Find looks at a link for the first time: the link with its index, or with the
// interface name where the index is 0. The place's session is open, until Leave.
func (x Linux) Find(l request.Link, ifname string) (Place, error) {
	s, cookie, err := x.openAny(l.Netns)
	if err != nil {
		return Place{}, absent(err)
	}
	p := Place{
		Netns: l.Netns, Cookie: cookie, Index: l.Index, MAC: l.MAC, Interface: ifname,
		Number: Unnumbered, Inode: s.ns.Inode(), Session: s,
	}
	if p.Index == 0 {
		p.Index, err = s.netlink().Index(p.Interface, p.MAC)
	} else {
		err = check(s.netlink(), p)
	}
	if err != nil {
		s.close()
	}
	return p, first(gone(err))
}

// first is the error of a first look: the caller means a link with that MAC.
func first(err error) error {
	if errors.Is(err, ErrMAC) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// Enter opens the place's netns.
func (l Linux) Enter(p Place) (Place, error) {
	if p.Session.isOpen() {
		return p, nil
	}
	s, err := l.reach(p)
	if err == nil {
		p.Session = s
	}
	return p, err
}

// Leave lets go of the netns.
func (Linux) Leave(p Place) { p.Session.close() }

// Number numbers the netns.
func (l Linux) Number(p Place) (int, error) {
	return enter(l, p, func(s *Session) (int, error) { return s.ns.ID() })
}

// Check says whether the link is there still: nil, ErrGone, or ErrMAC for a link that is
// there with another MAC.
func (l Linux) Check(p Place) error {
	return l.rtnetlink(p, func(c *binding.Conn) error { return check(c, p) })
}

func check(c *binding.Conn, p Place) error {
	if err := c.Check(p.Index, p.MAC); err != nil && !errors.Is(err, binding.ErrDown) {
		return err
	}
	return nil
}

// lives is check for work on the link, whatever MAC it has: the netns and the index say that
// it is the same one.
func lives(c *binding.Conn, p Place) error {
	if err := check(c, p); err != nil && !errors.Is(err, ErrMAC) {
		return err
	}
	return nil
}

// Resolve rewrites the container's resolv.conf.
func (l Linux) Resolve(j resolv.Job) (bool, error) { return l.Helper.Rewrite(j) }

// DeleteLink deletes the link: without an index, the one that has the interface's name, and
// with a MAC only if it has that MAC.
func (l Linux) DeleteLink(p Place) error {
	if l.Guard != nil {
		defer l.Guard.Sweep()
	}
	defer l.VLANs.ended()
	_, err := enter(l, p, func(s *Session) (struct{}, error) {
		if p.Index != 0 {
			return struct{}{}, attach.DeleteIndex(s.ns, p.Index)
		}
		return struct{}{}, attach.Delete(s.ns, p.Interface, p.MAC)
	})
	return err
}
