// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// net6 is the kernels' part of IPv6 on the fake LAN.
type net6 struct {
	router       *router6 // nil: none
	server       *server6
	states       map[string]*binding.State6 // by netns
	autos        map[string]binding.Autoconf
	listenerless error
	fail         error // of Autoconf
	revives      bool  // MakeLinkLocal has a link-local address come up; else IPv6 is switched off
	mute         bool  // no link-local address comes up
	justUp       bool  // the LAN
	solicited    int
	after        int // so many solicitations the router answers
	taken        map[netip.Addr]bool
	oneMAC       bool // as on a macvlan's parent

	lookTakes time.Duration
	slow      netip.Addr // cannot be used while its DAD is under way
	flagless  bool       // the kernel does not show M and O
	sendError error      // of DHCPv6 sockets
	froms     []netip.Addr

	told                    binding.Autoconf         // of the last that solicited, by then
	listenOpen, listenClose func()                   // what else happens then
	since                   map[netip.Addr]time.Time // when DAD began, which takes a second
}

// of needs the mutex.
func (k *fakeKernel) of(netns string) *binding.State6 {
	if k.six.states == nil {
		k.six.states, k.six.autos, k.six.taken = map[string]*binding.State6{}, map[string]binding.Autoconf{}, map[netip.Addr]bool{}
		k.six.since = map[netip.Addr]time.Time{}
	}
	s := k.six.states[netns]
	if s == nil {
		s = &binding.State6{}
		k.six.states[netns] = s
	}
	return s
}

func (k *fakeKernel) Autoconf(p kernel.Place, a binding.Autoconf) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.six.fail != nil {
		return k.six.fail
	}
	s := k.of(p.Netns)
	k.six.autos[p.Netns], s.Plain = a, false
	if a.Accept && !k.six.mute {
		s.LinkLocal = netip.MustParseAddr("fe80::1:2")
	}
	return nil
}

func (k *fakeKernel) Heed(p kernel.Place, _ binding.Autoconf, heed bool) error {
	if err := k.enter(p, fmt.Sprint("heed ", heed)); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of(p.Netns).Deaf = !heed
	return nil
}

func (k *fakeKernel) Look6(p kernel.Place) (binding.State6, error) {
	if err := k.enter(p, "look6"); err != nil {
		return binding.State6{}, err
	}
	k.mu.Lock()
	takes := k.six.lookTakes
	k.mu.Unlock()
	time.Sleep(takes)
	k.mu.Lock()
	defer k.mu.Unlock()
	s := *k.of(p.Netns)
	s.Addrs = slices.Clone(s.Addrs)
	for i, a := range s.Addrs {
		addr := a.Prefix.Addr()
		s.Addrs[i].Settled = time.Since(k.six.since[addr]) >= time.Second
		s.Addrs[i].Usable = a.Usable && (addr != k.six.slow || s.Addrs[i].Settled)
	}
	return s, nil
}

func (k *fakeKernel) MakeLinkLocal(p kernel.Place, _ binding.Autoconf) error {
	if err := k.enter(p, "link-local"); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.six.revives {
		return binding.ErrNoIPv6
	}
	k.of(p.Netns).LinkLocal = netip.MustParseAddr("fe80::1:2")
	return nil
}

func (k *fakeKernel) Apply6(p kernel.Place, next binding.Spec6, prev *binding.Spec6) error {
	call := "apply6"
	for _, l := range next.Addrs {
		call += " " + l.Addr.String()
	}
	if err := k.enter(p, call); err != nil {
		return err
	}
	if prev != nil {
		k.drop6(p, *prev)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.of(p.Netns)
	for _, l := range next.Addrs {
		s.Addrs = append(s.Addrs, binding.Addr6{
			Prefix: netip.PrefixFrom(l.Addr, 128), Preferred: l.Preferred, Valid: l.Valid, Usable: true, Failed: k.six.taken[l.Addr],
		})
		k.begin(l.Addr)
	}
	return nil
}

// begin notes when DAD of an address began; it needs the mutex.
func (k *fakeKernel) begin(addr netip.Addr) {
	if _, ok := k.six.since[addr]; !ok {
		k.six.since[addr] = time.Now()
	}
}

func (k *fakeKernel) Remove6(p kernel.Place, s binding.Spec6) error {
	if err := k.enter(p, "remove6"); err != nil {
		return err
	}
	k.drop6(p, s)
	return nil
}

func (k *fakeKernel) drop6(p kernel.Place, spec binding.Spec6) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.of(p.Netns)
	s.Addrs = slices.DeleteFunc(s.Addrs, func(a binding.Addr6) bool { return brought(&spec, a.Prefix.Addr()) })
}

func (k *fakeKernel) Routers(p kernel.Place) (kernel.RoutersConn, error) {
	if err := k.enter(p, "routers"); err != nil {
		return nil, err
	}
	return &fakeRouters{k.newConn(p, "routers")}, nil
}

func (k *fakeKernel) Solicit(p kernel.Place, from netip.Addr) error {
	k.mu.Lock()
	r := k.six.router
	k.six.solicited++
	k.six.told = k.six.autos[p.Netns]
	if k.six.solicited <= k.six.after {
		r = nil
	}
	k.mu.Unlock()
	if r != nil {
		k.advertise(*r)
	}
	return nil
}

func (k *fakeKernel) Advertise(p kernel.Place, addr netip.Addr) error {
	return k.enter(p, "advertise "+addr.String())
}

func (k *fakeKernel) DHCP6(p kernel.Place, linkLocal netip.Addr) (kernel.DHCP6Conn, error) {
	if err := k.enter(p, "dhcp6"); err != nil {
		return nil, err
	}
	k.mu.Lock()
	fits := linkLocal.IsValid() && linkLocal == k.of(p.Netns).LinkLocal
	k.six.froms = append(k.six.froms, linkLocal)
	k.mu.Unlock()
	if !fits {
		return nil, syscall.EADDRNOTAVAIL
	}
	return &conn6{k.newConn(p, "dhcp6")}, nil
}

func (k *fakeKernel) StandIn6(l request.Link) (kernel.DHCP6Conn, error) {
	k.mu.Lock()
	k.calls = append(k.calls, "stand-in6 "+l.MAC.String()+" on "+l.Host)
	err := k.standIn
	for _, c := range k.conns {
		if k.six.oneMAC && c.via == "stand-in" && !c.isClosed() {
			err = syscall.EADDRINUSE
		}
	}
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &conn6{k.newConn(kernel.Place{}, "stand-in6")}, nil
}

// conn6 is a DHCPv6 client's socket.
type conn6 struct{ *conn }

func (c *conn6) SetXID(uint32) error { return nil }

func (c *conn6) Send(payload []byte) error {
	c.k.mu.Lock()
	err := c.k.six.sendError
	c.k.mu.Unlock()
	if err != nil {
		return err
	}
	for _, r := range c.k.six.server.hear(payload, c.via) {
		c.in <- arrival{payload: r}
	}
	return nil
}

func (k *fakeKernel) JustUp(string) bool { return k.six.justUp }

func (k *fakeKernel) LANRouters(host string) (kernel.RoutersConn, error) {
	if k.six.listenOpen != nil {
		k.six.listenOpen()
	}
	if k.six.listenerless != nil {
		return nil, k.six.listenerless
	}
	return &fakeRouters{k.newConn(kernel.Place{Netns: host}, "routers")}, nil
}

type fakeRouters struct{ *conn }

func (f *fakeRouters) Close() {
	if f.k.six.listenClose != nil && !f.isClosed() && f.place.Cookie == 0 { // the LAN's
		f.k.six.listenClose()
	}
	f.conn.Close()
}

func (f *fakeRouters) Receive(ctx context.Context) ([]byte, netip.Addr, error) {
	icmp, _, err := f.conn.Receive(ctx)
	return icmp, routerAddr, err
}

var routerAddr = netip.MustParseAddr("fe80::1")

// advertise has a router say what it has to say to everybody on the LAN.
func (k *fakeKernel) advertise(r router6) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for netns, a := range k.six.autos {
		if a.Accept {
			r.configure(k, netns, a)
		}
	}
	for _, c := range k.conns {
		if c.via == "routers" && !c.isClosed() {
			c.in <- arrival{payload: r.bytes()}
		}
	}
}

func brought(s *binding.Spec6, addr netip.Addr) bool {
	return slices.ContainsFunc(s.Addrs, func(l binding.Lifetime) bool { return l.Addr == addr })
}
