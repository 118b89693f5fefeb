// SPDX-License-Identifier: Apache-2.0

// Package guard keeps a container from being what it is not: it drops a container's frames
// that only a DHCP server, a router, a switch or another host sends. It is for step 5 of the
// way of a lease, for the ports of bridges that leased makes. It is a table of nf_tables
// that sees the frames of a port before the bridge does.
//
// The messages are of linux/netfilter/nf_tables.h. github.com/google/nftables would build
// them too, but reads an answer for each message, in a system call of its own, and
// internal/rtnetlink has all that a batch needs.
package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// Guard stands on the ports of one network namespace. Its methods can be called from any
// goroutine. The kernel's part is made with the first port.
type Guard struct {
	host *netns.NS // nil: the caller's own
	log  *slog.Logger
	open func(ns *netns.NS) (*rtnetlink.Conn, error)

	mu    sync.Mutex
	conn  *rtnetlink.Conn // owns the table; nil: not open
	flags uint32          // of the table
	owned bool            // nobody else can change the table
	none  bool            // the kernel has no nf_tables
	ports map[string]port // by the name that leased gave the link
	ended []port          // their attachments are over; their links may not be
	uses  map[uint64]uses // by the cookie of the container's netns
}

// New makes a Guard without ports.
func New(host *netns.NS, log *slog.Logger) *Guard {
	return &Guard{host: host, log: log, open: open, flags: ownedPersistent, ports: map[string]port{}, uses: map[uint64]uses{}}
}

// Restore takes over what an earlier leased has guarded: the table is replaced in one
// transaction, whatever it was, by one for those ports that are still there. It comes before
// all other methods.
func (g *Guard) Restore(all []Use) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, u := range all {
		g.noteLocked(u)
	}
	if !slices.ContainsFunc(all, func(u Use) bool { return u.Port != "" }) {
		return nil
	}
	links, err := g.links()
	if err != nil {
		return err
	}
	defer links.Close()
	for _, u := range all {
		if u.Port == "" {
			continue
		}
		l, err := links.LinkByName(u.Port)
		if err != nil && u.Was != "" {
			l, err = links.LinkByName(u.Was)
		}
		if err == nil && l.Kind == "veth" {
			p := newPort(l.Name, l.Index, u.MAC)
			p.netns, p.addrs = u.Netns, g.uses[u.Netns].addrs()
			g.ports[u.Port] = p
		}
	}
	if err := g.readyLocked(); err != nil || len(g.ports) > 0 {
		return err
	}
	return g.closeLocked()
}

// Add guards a port before it becomes one: the link must not be up. A port that is guarded
// already, and becomes one again, stays so. A kernel without nf_tables guards nothing; this is
// logged once, and is no error.
func (g *Guard) Add(name string, index int, mac net.HardwareAddr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.readyLocked(); err != nil || g.none {
		return err
	}
	p := newPort(name, index, mac)
	if old, ok := g.ports[name]; ok {
		if old.index == index && old.mac == p.mac {
			return g.lookLocked(old)
		}
		g.ended = append(g.ended, old)
	}
	g.sweepLocked()
	g.ports[name] = p
	err := g.changeLocked(p.appear()...)
	if err != nil {
		delete(g.ports, name)
		return fmt.Errorf("guard the port %s: %w", name, err)
	}
	return nil
}

// Allow lets a container use an IPv4 address with one of its interfaces, and no other address
// with this interface. Where others can change the table, before Linux 6.9, Allow also looks
// after it. A port that is not guarded is no error.
func (g *Guard) Allow(u Use) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.noteLocked(u)
	p, ok := g.ports[u.Port]
	if ok {
		p.netns = u.Netns
		g.ports[u.Port] = p
		if err := g.readyLocked(); err != nil { // where Restore has failed
			return err
		}
	}
	known := ok && slices.Contains(p.addrs, u.Addr)
	if err := g.followLocked(u.Netns); err != nil || !known || g.conn == nil {
		return err
	}
	return g.lookLocked(p)
}

// End says that the attachment of an interface is over. The guard of its port leaves with the
// link.
func (g *Guard) End(u Use) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p, ok := g.ports[u.Port]; ok {
		delete(g.ports, u.Port)
		g.ended = append(g.ended, p)
	}
	u.Addr = netip.Addr{}
	g.noteLocked(u)
	if err := g.followLocked(u.Netns); err != nil {
		g.log.Warn("a container's other ports let its former address through", "err", err)
	}
	g.sweepLocked()
}

// Sweep removes the rules of ended ports whose links are gone.
func (g *Guard) Sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweepLocked()
}

// Close leaves the ports guarded, for the next leased, and takes the table away if there are
// none.
func (g *Guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closeLocked()
}

func (g *Guard) closeLocked() (err error) {
	if g.conn == nil {
		return nil
	}
	if g.sweepLocked(); len(g.ports)+len(g.ended) == 0 {
		err = g.sendLocked(del(unix.NFT_MSG_DELTABLE, rtnetlink.String(unix.NFTA_TABLE_NAME, table)))
	}
	g.conn.Close()
	g.conn = nil
	return err
}

func (g *Guard) links() (*rtnetlink.Conn, error) {
	if g.host != nil {
		return g.host.Rtnetlink()
	}
	return rtnetlink.Open()
}

// isAbsent reports whether the error says that the kernel has no nf_tables, or not the part
// that a guard needs.
func isAbsent(err error) bool {
	for _, no := range []unix.Errno{unix.EOPNOTSUPP, unix.ENOENT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
