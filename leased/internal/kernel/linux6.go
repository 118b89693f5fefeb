// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"fmt"
	"net/netip"
	"time"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/wire"
)

// Autoconf sets how the kernel takes router advertisements on the link. It is for a start,
// whose link has the name that the request says.
func (l Linux) Autoconf(p Place, a binding.Autoconf) error {
	_, err := enter(l, p, func(s *Session) (struct{}, error) { return struct{}{}, binding.SetAutoconf(s.ns, a) })
	return err
}

// Heed says whether the kernel takes what routers advertise.
func (l Linux) Heed(p Place, a binding.Autoconf, heed bool) error {
	return l.named(p, a, func(s *Session, a binding.Autoconf) error { return binding.Heed(s.ns, a, heed) })
}

// MakeLinkLocal has the kernel form the link's link-local address again.
func (l Linux) MakeLinkLocal(p Place, a binding.Autoconf) error {
	return l.named(p, a, func(s *Session, a binding.Autoconf) error { return binding.MakeLinkLocal(s.ns, a) })
}

// named calls do with the name that the link has at present: the container may have renamed
// it, and sysctls go by the name.
func (l Linux) named(p Place, a binding.Autoconf, do func(s *Session, a binding.Autoconf) error) error {
	_, err := enter(l, p, func(s *Session) (none struct{}, err error) {
		if a.Interface, err = s.netlink().Name(p.Index); err != nil {
			return none, err
		}
		return none, do(s, a)
	})
	return err
}

// Look6 looks at the link's IPv6.
func (l Linux) Look6(p Place) (binding.State6, error) {
	return enter(l, p, func(s *Session) (st binding.State6, err error) {
		if err := lives(s.netlink(), p); err != nil {
			return st, err
		}
		return binding.Look6(s.ns, p.Index)
	})
}

// Apply6 applies a DHCPv6 lease's addresses; prev is what was applied before.
func (l Linux) Apply6(p Place, next binding.Spec6, prev *binding.Spec6) error {
	return l.rtnetlink(p, func(c *binding.Conn) error {
		if err := lives(c, p); err != nil {
			return err
		}
		return c.Apply6(next, prev)
	})
}

// Remove6 removes what Apply6 applied.
func (l Linux) Remove6(p Place, s binding.Spec6) error {
	return l.rtnetlink(p, func(c *binding.Conn) error { return c.Remove6(s) })
}

// Solicit asks the LAN's routers for an advertisement.
func (l Linux) Solicit(p Place, from netip.Addr) error {
	_, err := enter(l, p, func(s *Session) (struct{}, error) { return struct{}{}, wire.Solicit(s.ns, p.Index, from) })
	return err
}

// Routers opens a raw socket on the link that hears router advertisements.
func (l Linux) Routers(p Place) (RoutersConn, error) {
	return enter(l, p, func(s *Session) (RoutersConn, error) { return wire.OpenRouters(s.ns, p.Index) })
}

// Advertise tells the LAN where addr is.
func (l Linux) Advertise(p Place, addr netip.Addr) error {
	_, err := enter(l, p, func(s *Session) (struct{}, error) { return struct{}{}, wire.Advertise(s.ns, p.Index, p.MAC, addr) })
	return err
}

// DHCP6 opens a DHCPv6 client's socket on the link.
func (l Linux) DHCP6(p Place, linkLocal netip.Addr) (DHCP6Conn, error) {
	return enter(l, p, func(s *Session) (DHCP6Conn, error) { return wire.OpenDHCP6(s.ns, p.Index, linkLocal) })
}

// StandIn6 makes a link with l's MAC where l's was, with a link-local address that
// can be used at once, and opens a DHCPv6 client's socket on it. Close takes it away.
func (x Linux) StandIn6(l request.Link) (DHCP6Conn, error) {
	// Whose address it is was found out long ago, by the container.
	return raise(x, l.Host, l.MAC, map[string]string{"accept_dad": "0", "accept_ra": "0"}, func(own raised, index int) (*standIn6, error) {
		linkLocal, err := awaitLinkLocal(own.ns, index)
		if err != nil {
			return nil, err
		}
		conn, err := wire.OpenDHCP6(own.ns, index, linkLocal)
		return &standIn6{conn, own}, err
	})
}

// awaitLinkLocal waits for the kernel to see that the link is up.
func awaitLinkLocal(ns *netns.NS, index int) (netip.Addr, error) {
	for end := time.Now().Add(standInFor); ; time.Sleep(5 * time.Millisecond) {
		s, err := binding.Look6(ns, index)
		if err != nil || s.LinkLocal.IsValid() {
			return s.LinkLocal, err
		}
		if time.Now().After(end) {
			return netip.Addr{}, fmt.Errorf("no link-local address within %s", standInFor)
		}
	}
}

type standIn6 struct {
	*wire.DHCP6
	raised
}

// Close is standIn4's.
func (s *standIn6) Close() {
	s.delete()
	s.DHCP6.Close()
	s.ns.Close()
}
