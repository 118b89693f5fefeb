// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
)

// Adopt looks at a netns that a caller has passed as a descriptor, which it takes over. The
// place's session is open, until Leave; the place has no link yet.
func (Linux) Adopt(f *os.File, path, ifname string) (Place, error) {
	ns, err := netns.Take(f)
	if err != nil {
		return Place{}, err
	}
	inode := ns.Inode()
	s, cookie, err := session(ns)
	if err != nil {
		return Place{}, err
	}
	return Place{
		Netns: path, Cookie: cookie, Interface: ifname, Number: Unnumbered, Inode: inode, Session: s,
	}, nil
}

// Maker makes one link. It is for one goroutine at a time.
type Maker interface {
	// Link is the link as it will be, and after Make as it is.
	Link() attach.Link
	// Make makes the link in the place's netns, whose session is open, and returns the
	// place with the link. If Make fails, it has undone all. It waits by pause, which
	// fails when ctx ends.
	Make(ctx context.Context, p Place, pause func(ctx context.Context, d time.Duration) error) (Place, error)
	// Close must follow.
	Close()
}

// Maker looks at the host's interface on which a link is to be made.
func (l Linux) Maker(s attach.Spec) (Maker, error) {
	host, err := l.openHost()
	if err != nil {
		return nil, err
	}
	on, err := host.FindVLAN(s.Host, s.VLAN)
	if err != nil {
		host.Close()
		return nil, err
	}
	if l.Guard != nil {
		host.Guard = l.Guard.Add
	}
	return &maker{host, on, s, l, on.Link(s)}, nil
}

type maker struct {
	host *attach.Host
	on   attach.Interface
	spec attach.Spec
	l    Linux
	link attach.Link
}

func (m *maker) Link() attach.Link { return m.link }

func (m *maker) Close() { m.host.Close() }

func (m *maker) Make(ctx context.Context, p Place, pause func(ctx context.Context, d time.Duration) error) (Place, error) {
	m.host.Pause = pause
	link, err := m.host.MakeOn(ctx, m.on, p.Session.ns, m.spec)
	m.l.VLANs.made(m.spec, m.on.Bridge())
	if err != nil {
		m.l.Unguard(p.Use(m.spec.HostEnd, netip.Addr{}))
		return p, err
	}
	m.link, p.MAC = link, link.MAC
	// This also makes the kernel look at the carrier of a veth.
	p.Index, err = p.Session.netlink().Index(p.Interface, p.MAC)
	if err != nil {
		err = errors.Join(gone(err), attach.Delete(p.Session.ns, p.Interface, p.MAC))
		m.l.Unguard(p.Use(m.spec.HostEnd, netip.Addr{}))
		return p, err
	}
	return p, nil
}

// Doubt returns why a new container's messages may reach nobody on a LAN, as the host has it, for
// the user; empty: nothing is known against it.
func (l Linux) Doubt(lan string) string {
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return ""
	}
	defer host.Close()
	return host.Doubt(attach.SplitLAN(lan))
}

// LANName is a LAN's name with what the kernel calls its interface.
func (l Linux) LANName(lan string) string {
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return lan
	}
	defer host.Close()
	name, vlan := attach.SplitLAN(lan)
	on, err := host.Find(name)
	if err != nil {
		return lan
	}
	return attach.LAN(on.Link(attach.Spec{}).On, vlan)
}

// Hindrance is what keeps a link that was made from reaching its LAN.
type Hindrance struct {
	NoCarrier bool          // the parent has no carrier
	Blocked   time.Duration // the bridge lets the port forward only then; 0: it does
	Raised    bool          // the bridge or parent was down, and is up now
}

// UnmakeLink removes what Make left when leased was killed. The place need not be there any
// more.
func (l Linux) UnmakeLink(p Place, s attach.Spec) error {
	host, err := attach.OpenHost(l.Host)
	if err != nil {
		return err
	}
	defer host.Close()
	defer l.Unguard(p.Use(s.HostEnd, netip.Addr{}))
	session, err := l.reach(p)
	switch {
	case errors.Is(err, ErrGone):
		return host.Undo(nil, s)
	case err != nil:
		return err
	}
	defer session.close()
	return host.Undo(session.ns, s)
}
