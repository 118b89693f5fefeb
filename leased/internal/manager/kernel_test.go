// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
	"podman-net-dhcp/leased/internal/wire"
)

// fakeKernel is a Kernel. As with the real one, a socket that is open works on when
// the netns has lost its path.
type fakeKernel struct {
	server *server
	open   atomic.Int32  // sockets
	flood  int           // copies of each reply that come
	delay  time.Duration // of each reply

	mu         sync.Mutex
	links      map[string]kernel.Place
	guarded    []kernel.Use             // as Reguard was told
	unguarded  []string                 // ports, as Unguard was told
	sessions   map[*kernel.Session]bool // of netns that are held open
	findPanics bool
	find       error // of Find
	check      error // of Check
	standIn    error
	calls      []string
	seen       int
	fail       func(call string) error
	conns      []*conn

	others   []binding.Other                 // of the container's other interfaces
	owners   map[netip.Addr]net.HardwareAddr // other machines, by address
	arps     []string
	arpError error
	noARP    bool // nobody gets to receive from ARP sockets

	making     time.Duration // what it takes to make a link
	made       attach.Link   // what is said of each
	makers     int           // that are open
	makerError error
	itself     []netip.Addr // of the host, out of reach
	serves     bool         // the host has a DHCP server, out of reach

	adopts string // the path of the netns of a Teardown; empty: any

	trouble   kernel.Trouble // of all links
	contested bool

	six net6
}

// with changes what the kernel is like.
func (k *fakeKernel) with(change func(k *fakeKernel)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(k)
}

func (k *fakeKernel) add(p kernel.Place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.links[p.Netns] = p
}

// remove takes a netns away, as a runtime does that says no goodbye.
func (k *fakeKernel) remove(path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.links, path)
}

// failing has calls fail that fail knows an error for.
func (k *fakeKernel) failing(fail func(call string) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail = fail
}

func (k *fakeKernel) since() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	news := k.calls[k.seen:]
	k.seen = len(k.calls)
	return news
}

func (k *fakeKernel) enter(p kernel.Place, call string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call)
	if at, ok := k.links[p.Netns]; !ok || at.Cookie != p.Cookie {
		return kernel.ErrGone
	}
	if k.fail != nil {
		return k.fail(call)
	}
	return nil
}

func (k *fakeKernel) Enter(p kernel.Place) (kernel.Place, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.sessions[p.Session] {
		p.Session = new(kernel.Session)
		k.sessions[p.Session] = true
	}
	return p, nil
}

func (k *fakeKernel) Leave(p kernel.Place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.sessions, p.Session)
}

// held is how many netns are held open.
func (k *fakeKernel) held() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sessions)
}

func (k *fakeKernel) Number(p kernel.Place) (int, error) { return p.Number, nil }

func (k *fakeKernel) Find(l request.Link, ifname string) (kernel.Place, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.findPanics {
		panic("a bug")
	}
	if k.find != nil {
		return kernel.Place{}, k.find
	}
	p, ok := k.links[l.Netns]
	if !ok {
		return kernel.Place{}, fmt.Errorf("%w: %w", kernel.ErrGone, errNoNetns)
	}
	p.Interface, p.Session = ifname, new(kernel.Session)
	k.sessions[p.Session] = true
	return p, nil
}

func (k *fakeKernel) Packet(p kernel.Place) (kernel.PacketConn, error) {
	if err := k.enter(p, "packet"); err != nil {
		return nil, err
	}
	return &packet{conn: k.newConn(p, "packet")}, nil
}

// ARP is not among the calls: each lease is announced.
func (k *fakeKernel) ARP(p kernel.Place) (kernel.ARPConn, error) {
	k.mu.Lock()
	at, ok := k.links[p.Netns]
	err := k.arpError
	k.mu.Unlock()
	if !ok || at.Cookie != p.Cookie {
		return nil, kernel.ErrGone
	}
	if err != nil {
		return nil, err
	}
	return &arp{conn: k.newConn(p, "arp")}, nil
}

func (k *fakeKernel) Unicast(p kernel.Place, local, server netip.Addr) (kernel.Sender, error) {
	if err := k.enter(p, "unicast "+local.String()+" to "+server.String()); err != nil {
		return nil, err
	}
	return k.newConn(p, "unicast"), nil
}

func (k *fakeKernel) Apply4(p kernel.Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error) {
	call := "apply " + next.Addr.String()
	if prev != nil {
		call += " for " + prev.Addr.String()
	}
	return binding.Applied{Spec: next}, k.enter(p, call)
}

func (k *fakeKernel) Others4(kernel.Place) ([]binding.Other, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.others), nil
}

func (k *fakeKernel) Remove4(p kernel.Place, s binding.Spec) error {
	return k.enter(p, "remove "+s.Addr.String())
}
func (k *fakeKernel) DeleteLink(p kernel.Place) error { return k.enter(p, "delete "+p.Interface) }

func (k *fakeKernel) OutOfReach(_ string, addrs []netip.Addr) []netip.Addr {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(addrs), func(a netip.Addr) bool { return !slices.Contains(k.itself, a) })
}

func (k *fakeKernel) Serves(_ string, six bool) bool { return k.serves && !six }

func (k *fakeKernel) Resolve(j resolv.Job) (bool, error) {
	call := fmt.Sprint("resolve ", j.ContainerID, " ", j.Old.Servers, " ", j.Now.Servers)
	if j.File != nil {
		call += fmt.Sprint(" in ", *j.File)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call)
	if k.fail != nil {
		if err := k.fail(call); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (k *fakeKernel) Look(p kernel.Place, _ *request.Request) (kernel.Trouble, error) {
	err := k.enter(p, "look")
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trouble, err
}

// Replug and Relink end the trouble, unless it is contested.
func (k *fakeKernel) Replug(context.Context, kernel.Trouble, *request.Request, func(context.Context, time.Duration) error) error {
	k.mend("replug")
	return nil
}

func (k *fakeKernel) Relink(_ context.Context, p kernel.Place, _ *request.Request, _ func(context.Context, time.Duration) error) (kernel.Place, error) {
	k.mend("relink")
	return p, k.enter(p, "relinked")
}

func (k *fakeKernel) mend(call string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call)
	if !k.contested {
		k.trouble = kernel.Trouble{}
	}
}

func (k *fakeKernel) Check(p kernel.Place) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, ok := k.links[p.Netns]; !ok || at.Cookie != p.Cookie {
		return kernel.ErrGone
	}
	return k.check
}

func (k *fakeKernel) StandIn4(l request.Link) (kernel.PacketConn, error) {
	k.mu.Lock()
	k.calls = append(k.calls, "stand-in "+l.MAC.String()+" on "+l.Host)
	err := k.standIn
	for _, c := range k.conns {
		if k.six.oneMAC && c.place.MAC.String() == l.MAC.String() && !c.isClosed() {
			err = syscall.EADDRINUSE // the socket pins the netns, and the link in it
		}
	}
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &packet{conn: k.newConn(kernel.Place{}, "stand-in")}, nil
}

func (k *fakeKernel) newConn(p kernel.Place, via string) *conn {
	c := &conn{k: k, place: p, via: via, in: make(chan arrival, 64+2*k.flood), closed: make(chan struct{})}
	k.open.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conns = slices.DeleteFunc(k.conns, (*conn).isClosed)
	k.conns = append(k.conns, c)
	return c
}

// say has the sockets that are open receive something.
func (k *fakeKernel) say(a arrival) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		if c.via != "arp" {
			c.in <- a
		}
	}
}

// hint is say for ARP sockets.
func (k *fakeKernel) hint(a arrival) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		if c.via == "arp" && !c.isClosed() {
			c.in <- a
		}
	}
}

type arrival struct {
	payload  []byte
	conflict wire.Conflict
	err      error
}

// conn is a UDP socket, and what a packet socket has in common with one.
type conn struct {
	k      *fakeKernel
	place  kernel.Place
	via    string
	in     chan arrival
	closed chan struct{}
	once   sync.Once
}

func (c *conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func (c *conn) Send(payload []byte) error {
	if c.isClosed() {
		return net.ErrClosed
	}
	to := c.listener()
	for _, r := range c.k.server.hear(payload, c.via) {
		if c.k.delay > 0 {
			time.AfterFunc(c.k.delay, func() { to.in <- arrival{payload: r} })
			continue
		}
		for range max(c.k.flood, 1) {
			to.in <- arrival{payload: r}
		}
	}
	return nil
}

// listener is the packet socket that hears what c is answered.
func (c *conn) listener() *conn {
	c.k.mu.Lock()
	defer c.k.mu.Unlock()
	for _, other := range c.k.conns {
		if c.via == "unicast" && other.via == "packet" && other.place.Netns == c.place.Netns && !other.isClosed() {
			return other
		}
	}
	return c
}

func (c *conn) Receive(ctx context.Context) ([]byte, wire.Source, error) {
	if c.isClosed() {
		return nil, wire.Source{}, net.ErrClosed
	}
	select {
	case a := <-c.in:
		return a.payload, source, a.err
	case <-c.closed:
		return nil, wire.Source{}, net.ErrClosed
	case <-ctx.Done():
		return nil, wire.Source{}, ctx.Err()
	}
}

func (c *conn) Close() { c.once.Do(func() { close(c.closed); c.k.open.Add(-1) }) }

type packet struct{ *conn }

func (p *packet) SetXID(uint32) error { return nil }

func (p *packet) SendTo(payload []byte, src, dst netip.Addr, mac net.HardwareAddr) error {
	p.k.server.hear(payload, "frame "+src.String()+" to "+dst.String()+" "+mac.String())
	return nil
}

// Resolve says what the test has said of the LAN's machines, else that the router has all.
func (p *packet) Resolve(ctx context.Context, _, addr netip.Addr) (net.HardwareAddr, error) {
	p.k.mu.Lock()
	silent, mac := p.k.noARP, p.k.owners[addr]
	p.k.mu.Unlock()
	if silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if mac == nil {
		return routerMAC, nil
	}
	return mac, nil
}

// arp is an ARP socket. Whoever answers probes is the test's.
type arp struct{ *conn }

func (a *arp) Watch(netip.Addr) error { return nil }

func (a *arp) Probe(addr netip.Addr) error {
	a.k.mu.Lock()
	owner := a.k.owners[addr]
	a.k.arps = append(a.k.arps, "probe "+addr.String())
	a.k.mu.Unlock()
	if owner != nil {
		a.in <- arrival{conflict: wire.Conflict{Addr: addr, MAC: owner}}
	}
	return nil
}

func (a *arp) Announce(addr netip.Addr) error {
	a.k.mu.Lock()
	defer a.k.mu.Unlock()
	a.k.arps = append(a.k.arps, "announce "+addr.String())
	return nil
}

func (a *arp) Pending() (wire.Conflict, bool) {
	select {
	case got := <-a.in:
		return got.conflict, got.err == nil
	default:
		return wire.Conflict{}, false
	}
}

func (a *arp) Receive(ctx context.Context) (wire.Conflict, error) {
	if a.isClosed() {
		return wire.Conflict{}, net.ErrClosed
	}
	in := a.in
	if a.k.noARP {
		in = nil
	}
	select {
	case got := <-in:
		return got.conflict, got.err
	case <-a.closed:
		return wire.Conflict{}, net.ErrClosed
	case <-ctx.Done():
		return wire.Conflict{}, ctx.Err()
	}
}

func mustMAC(s string) net.HardwareAddr {
	mac, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return mac
}
