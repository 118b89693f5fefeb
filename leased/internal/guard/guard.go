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
}

// New makes a Guard without ports.
func New(host *netns.NS, log *slog.Logger) *Guard {
	return &Guard{host: host, log: log, open: open, flags: ownedPersistent, ports: map[string]port{}}
}

// Port is a port that is guarded already.
type Port struct {
	Name string // of the link
	MAC  net.HardwareAddr
	Addr netip.Addr // the container's IPv4 address; invalid: none
}

// Restore takes over what an earlier leased has guarded: the table is replaced in one
// transaction, whatever it was, by one for those ports that are still there. It comes before
// all other methods.
func (g *Guard) Restore(ports []Port) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	links, err := g.links()
	if err != nil {
		return err
	}
	defer links.Close()
	for _, p := range ports {
		if l, err := links.LinkByName(p.Name); err == nil && l.Kind == "veth" {
			g.ports[p.Name] = newPort(l.Name, l.Index, p.MAC, p.Addr)
		}
	}
	if err := g.readyLocked(); err != nil || len(g.ports) > 0 {
		return err
	}
	return g.closeLocked()
}

// Add guards a port before it becomes one: the link must not be up. A kernel without
// nf_tables guards nothing; this is logged once, and is no error.
func (g *Guard) Add(name string, index int, mac net.HardwareAddr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.readyLocked(); err != nil || g.none {
		return err
	}
	if old, ok := g.ports[name]; ok {
		g.ended = append(g.ended, old)
	}
	g.sweepLocked()
	p := newPort(name, index, mac, netip.Addr{})
	g.ports[name] = p
	err := g.changeLocked(p.appear()...)
	if err != nil {
		delete(g.ports, name)
		return fmt.Errorf("guard the port %s: %w", name, err)
	}
	return nil
}

// Allow lets the container of a port use an IPv4 address, and no other one; the invalid
// address is none. It also looks after the table where others can change that: before Linux
// 6.9. A port that is not guarded is no error.
func (g *Guard) Allow(name string, addr netip.Addr) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok := g.ports[name]
	if !ok || g.conn == nil {
		return nil
	}
	was := p.addr
	p.addr = addr
	g.ports[name] = p
	if was == addr {
		return g.lookLocked(p)
	}
	if err := g.changeLocked(slices.Concat(p.forbid(was), p.allow(addr))...); err != nil {
		p.addr = was
		g.ports[name] = p
		return fmt.Errorf("guard the port %s: %w", name, err)
	}
	return nil
}

// End says that the port's attachment is over. The guard leaves with the link.
func (g *Guard) End(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p, ok := g.ports[name]; ok {
		delete(g.ports, name)
		g.ended = append(g.ended, p)
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
