// SPDX-License-Identifier: Apache-2.0

// Package lan belongs to step 5 of the way of a lease: it keeps what the attachments of
// one LAN share. That is the gate to the DHCP servers, the addresses in use, the living
// clients, the time of the servers' last word, the pace of renewals and RELEASEs, and the
// router listener with what the routers advertise.
//
// An attachment joins its LAN and gets a Member, whose methods say and ask everything.
package lan

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/ndp"
)

// Config is what LANs need from the outside. All of it is required.
type Config struct {
	Log *slog.Logger
	// Now tells the time. It is called with a mutex held and must not call back.
	Now func() clock.Instant
	// Spawn starts a goroutine and returns. The caller of New waits for the goroutine's
	// end; ctx ends with the daemon.
	Spawn func(run func(ctx context.Context))
	// Listen opens a listener for the router advertisements that reach the LAN behind a
	// host interface. It may take its time.
	Listen func(host string) (Listener, error)
}

// Listener hears router advertisements.
type Listener interface {
	// Receive waits for the next advertisement. It returns the ICMPv6 message and the
	// router's link-local address without a zone. It fails with ctx.Err() when ctx ends,
	// and with net.ErrClosed after Close.
	Receive(ctx context.Context) (icmp []byte, from netip.Addr, err error)
	// Close may be called more than once.
	Close()
}

// LANs are all LANs of the host, each known by the host interface that leads to it. They
// are safe for concurrent use. A LAN is never forgotten: a host has few, and a container
// that comes back is to find the limits that its LAN had.
//
// Locks: each LAN has a mutex, and LANs has one for its two maps. The order is: the mutex
// of one LAN first, then the mutex of LANs. No code holds the mutexes of two LANs. No
// mutex is held while a function of Notify or Listener, Config.Spawn or Config.Listen is
// called.
type LANs struct {
	cfg Config

	mu     sync.Mutex // guards all following fields
	byHost map[string]*lan
	byMAC  map[mac]*Member // only living members, the last one of each MAC; see Member.next
}

// New returns LANs on which nothing has happened yet.
func New(cfg Config) *LANs {
	return &LANs{cfg: cfg, byHost: map[string]*lan{}, byMAC: map[mac]*Member{}}
}

// Identity says which attachment a Member stands for. It does not change.
type Identity struct {
	Key    string           // names the attachment
	Host   string           // the host interface that leads to the LAN
	Client string           // tells DHCP clients of the LAN apart
	Six    [16]byte         // tells them apart in IPv6; zero: no IPv6
	MAC    net.HardwareAddr // of the container's interface
	Cookie uint64           // of the container's netns
}

// Notify is how a Member hears from its LAN. Its methods are called from any goroutine,
// may call the Member, must not block, and may still be called shortly after Leave. It is
// an interface, since two functions would cost each member 80 bytes more.
type Notify interface {
	// Admitted says that the gate lets the member in, after EnterGate returned false.
	Admitted()
	// Advertised says that a router advertisement concerns the member, or that the LAN's
	// router listener broke: Subscribe opens the next one. It returns false if the member
	// has no room for the notice.
	Advertised() bool
}

// Join adds an attachment to its LAN. The member is not living, is outside the gate, has no
// address and is not subscribed. It must Leave.
func (l *LANs) Join(id Identity) *Member {
	return &Member{lan: l.lan(id.Host), key: id.Key, client: id.Client, six: id.Six, mac: macOf(id.MAC), cookie: id.Cookie}
}

func (l *LANs) lan(host string) *lan {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.byHost[host]
	if one == nil {
		one = newLAN(l, host)
		l.byHost[host] = one
	}
	return one
}

// Same says that two names are one host interface's, and so lead to one LAN: one may be an
// alternative name. What has begun under both stays two LANs.
func (l *LANs) Same(one, other string) {
	if one == other {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch a, b := l.byHost[one], l.byHost[other]; {
	case a == nil && b == nil:
		a = newLAN(l, other)
		l.byHost[one], l.byHost[other] = a, a
	case a == nil:
		l.byHost[one] = b
	case b == nil:
		l.byHost[other] = a
	}
}

// index notes whether a member is living, so that living finds it.
func (l *LANs) index(m *Member, living bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.byMAC[m.mac]
	switch {
	case living:
		m.next, l.byMAC[m.mac] = first, m
		return
	case first != m:
		for first.next != m {
			first = first.next
		}
		first.next = m.next
	case m.next == nil:
		delete(l.byMAC, m.mac)
	default:
		l.byMAC[m.mac] = m.next
	}
	m.next = nil
}

// living returns the living members with a MAC, on all LANs.
func (l *LANs) living(addr net.HardwareAddr) (all []*Member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for m := l.byMAC[macOf(addr)]; m != nil; m = m.next {
		all = append(all, m)
	}
	return all
}

// Holder names a living attachment that has a MAC on one of those LANs; empty: there is none.
func (l *LANs) Holder(addr net.HardwareAddr, isOn func(lan string) bool) (key string) {
	all := l.living(addr)
	if len(all) == 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, one := range l.byHost {
		for _, m := range all {
			if m.lan == one && isOn(name) {
				return m.key
			}
		}
	}
	return ""
}

// mac is a MAC without the memory of a slice. It is zero for an address of another length,
// which is not a container's.
type mac [6]byte

func macOf(addr net.HardwareAddr) (m mac) {
	if len(addr) == len(m) {
		copy(m[:], addr)
	}
	return m
}

// lan is the LAN behind one host interface.
type lan struct {
	host string
	all  *LANs

	mu       sync.Mutex // guards all following fields, and those of the LAN's members
	gate     gate[*Member]
	renewals renewals
	clients  clients
	addrs    map[netip.Addr]*Member
	inUse    refusals
	claims   claims
	former   formerMACs
	servers  servers
	words    words

	routers ndp.Routers // what the LAN's routers advertise
	// Until routerlessUntil no start waits for a router: none answered a solicitation in
	// time, and none was heard since.
	routerlessUntil clock.Instant
	listener        *routerListener // nil: no subscribers

	trouble string // of the host interface, for the user; empty: none
}

func newLAN(all *LANs, host string) *lan {
	return &lan{
		host: host, all: all, gate: newGate[*Member](), clients: clients{byName: map[string]int{}, bySix: map[six]int{}},
		addrs: map[netip.Addr]*Member{}, inUse: refusals{}, claims: claims{}, former: formerMACs{},
	}
}

func (l *lan) now() clock.Instant { return l.all.cfg.Now() }
