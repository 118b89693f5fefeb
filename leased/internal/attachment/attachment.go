// SPDX-License-Identifier: Apache-2.0

// Package attachment is the life of one container on one network, step 5 of the way of a
// lease: from the first request to the RELEASE. An attachment owns its two families (IPv4
// and IPv6), the starts that wait, and the record; it concludes its end at one place.
package attachment

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/record"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// Env is everything that the attachments of a host share.
type Env struct {
	Kernel Kernel
	Store  Store  // of this boot
	Memory Memory // of what outlives a reboot
	LANs   *lan.LANs
	Events event.Sink
	Now    func() clock.Instant
	Rand   func() uint64 // unpredictable
	BootID string        // tells this boot from others
}

// Kernel is the part of kernel.Linux that attachments and their drivers need.
type Kernel interface {
	ipv4.Kernel
	ipv6.Kernel
	// Enter opens a session in a place's netns, which Leave closes. Between them the
	// netns is held open.
	Enter(p kernel.Place) (kernel.Place, error)
	Leave(p kernel.Place)
	// Number is the number of the place's netns, which the kernel gives it if need be.
	Number(p kernel.Place) (int, error)
	Check(p kernel.Place) error
	// Look looks at the link and at its end on the host. Replug and Relink mend what it finds, as
	// Maker has made it; they wait by pause.
	Look(p kernel.Place, r *request.Request) (kernel.Trouble, error)
	Replug(ctx context.Context, t kernel.Trouble, r *request.Request, pause func(ctx context.Context, d time.Duration) error) error
	Relink(ctx context.Context, p kernel.Place, r *request.Request, pause func(ctx context.Context, d time.Duration) error) (kernel.Place, error)
	DeleteLink(p kernel.Place) error
	// Doubt returns why messages may reach nobody on a LAN, for the user; empty: not known.
	Doubt(lan string) string
	// Unguard says that the attachment of an interface is over.
	Unguard(u kernel.Use)
	// OutOfReach returns those of addrs that are the host's own, and that a container on that
	// host interface cannot reach. Serves reports whether such a container cannot reach a DHCP
	// server of the host either: of DHCPv6 with six.
	OutOfReach(on string, addrs []netip.Addr) (own []netip.Addr)
	Serves(on string, six bool) bool
	// Resolve rewrites the container's resolv.conf, and reports whether it did.
	Resolve(j resolv.Job) (bool, error)
}

// Store keeps records by key.
type Store interface {
	Save(key string, record any) error
	Delete(key string) error
}

// Memory keeps memos by client, a little later. Put's nil forgets one. Refresh is for a
// memo that replaces another one, and is not urgent.
type Memory interface {
	Last(client string, memo any) // of a container that has ended: at once
	Put(client string, memo any)
	Refresh(client string, memo any)
}

// Host is the attachment's actor: what an attachment may ask of the manager. A call
// never comes back into the attachment before the message that made it has ended.
type Host interface {
	// Key names the attachment's record.
	Key() string
	// Post puts do into the inbox and reports whether it did: a full inbox takes only
	// the last message of a sender.
	Post(last bool, do func()) bool
	// Deliver is Post for a receiver, whose goroutine may have to do the work.
	Deliver(last bool, do func())
	// Show replaces what List shows.
	Show(s *Snapshot)
	// Numbered tells the number by which the kernel announces the end of the netns.
	Numbered(netns int)
	// Spawn starts a goroutine; its context ends with leased.
	Spawn(run func(ctx context.Context))
	// Wait calls wait while other attachments work. StandIn and Rewrite do the same,
	// for a few attachments at a time.
	Wait(wait func(ctx context.Context))
	StandIn(make func())
	Rewrite(write func())
	// Hold enters the attachment's lease into the table of held leases, Claim takes it
	// out and reports whether it was there.
	Hold(k Kept)
	Claim() bool
	// Ended notes the former addresses of the client.
	Ended(m record.Memo)
	// Relieve ends the holds of the attachment's LAN.
	Relieve()
}

// Attachment is one container on one network with one interface name. Only its actor
// calls it.
type Attachment struct {
	env  *Env
	host Host
	req  *request.Request
	lan  *lan.Member

	phase     Phase
	remembers bool // there is a memo of this client
	told      bool // at rest: resolves is what the lease says
	unowned   bool // no caller knows of the link yet: it goes with the attachment
	guarded   bool // the guard of ports knows of it
	otherMAC  bool // the container has given the link another MAC, and that was told
	twin      bool // another machine was seen to have the MAC
	v4        *ipv4.Driver
	v6        *ipv6.Driver // nil: ipv6=off

	until    clock.Instant // when a held lease goes back
	resolves *resolv.Names // in the container's resolv.conf; nil: none was told yet
	file     *resolv.File  // of the container, as the hook has noted it; nil: it has not
	owner    *Waiter       // of the request that made the attachment

	netns     sign // of the place
	*activity      // nil: the attachment is at rest, see Wake
}

// activity is the part of an Attachment that it does without at rest.
type activity struct {
	place    kernel.Place
	families [2]family     // both, IPv4 first
	ending   *ending       // noted, and concluded after the message
	failures int           // of giving back a held lease, in a row
	waiters  []*Waiter     // for a lease
	trouble  string        // the last reason why there is none
	owed     clock.Instant // no request's time is over before; 0: making the link cost none
	mend     *mending      // of the link; nil: it is as it should be
}

// Join makes the membership of an attachment, which owns it from New on.
func Join(env *Env, key string, req *request.Request, at kernel.Place) *lan.Member {
	client := strings.TrimPrefix(req.ClientKey(), req.Link.Host) // the LAN may have two names
	id := lan.Identity{Key: key, Host: req.Link.Host, Client: client, MAC: req.Link.MAC, Cookie: at.Cookie}
	if req.Policy.IPv6 != request.IPv6Off {
		id.Six = req.Client.Secret
	}
	return env.LANs.Join(id)
}

// New makes an attachment that has asked for nothing yet. k is the lease that an earlier
// container of the same client had.
func New(env *Env, host Host, req *request.Request, at kernel.Place, on *lan.Member, k Kept) *Attachment {
	a := &Attachment{env: env, host: host, req: req, lan: on, phase: Queued, until: clock.Never, remembers: k.Known()}
	a.v4 = ipv4.New(ipv4.Config{Owner: a, Kernel: env.Kernel, Request: req, Rand: env.Rand}, k.V4)
	if req.Policy.IPv6 != request.IPv6Off {
		a.v6 = ipv6.New(a.config6(), k.V6)
	}
	a.lan.Heed(notices{a})
	if same := a.lan.Host(); same == req.Link.Host {
		req.Link.Host = same // one copy for all of the LAN
	}
	if req.Client.Hostname == req.Attachment.ContainerName {
		req.Client.Hostname = req.Attachment.ContainerName // the same, and one copy
	}
	a.activity = a.active(at)
	return a
}

func (a *Attachment) config6() ipv6.Config {
	return ipv6.Config{Owner: a, Kernel: a.env.Kernel, Request: a.req, Rand: a.env.Rand}
}

// notices is the attachment as its LAN calls it, from any goroutine.
type notices struct{ a *Attachment }

func (n notices) Admitted() { n.a.host.Post(true, n.a.admitted) }

func (n notices) Advertised() bool { return n.a.host.Post(false, n.a.v6.Advertised) }

// Resume makes the attachment of a record, and believes the record: whether the container
// is still there is looked at later.
func Resume(env *Env, host Host, r *record.Record, at kernel.Place) *Attachment {
	req := r.Request // a pointer into the record would keep all of the record
	a := New(env, host, &req, at, Join(env, host.Key(), &req, at), Kept{})
	a.v4.Resume(r)
	a.v6.Resume(r)
	a.resolves, a.file = r.Resolves, r.File
	a.remembers = !r.Waiting || r.IPv6 != nil && len(r.IPv6.Lease.Addrs) > 0
	switch {
	case r.Held:
		a.phase, a.until = Held, r.Until
	case !r.Waiting:
		a.phase = Ready
	}
	a.lan.SetLive(!r.Held)
	a.guarded = !r.Held
	if a.v4.Bound() {
		a.lan.SetAddr(r.Bound.Addr.Addr())
	}
	return a
}

// Phase is where the attachment is in its life.
func (a *Attachment) Phase() Phase { return a.phase }

// Request is the request that made the attachment.
func (a *Attachment) Request() *request.Request { return a.req }

// Place is the container's link.
func (a *Attachment) Place() kernel.Place { return a.place }

// Addr is the container's IPv4 address; invalid: none is in use.
func (a *Attachment) Addr() netip.Addr {
	if !a.lives() || !a.v4.Bound() {
		return netip.Addr{}
	}
	return a.v4.InUse().Addr.Addr()
}

// LAN is the attachment's membership of its LAN.
func (a *Attachment) LAN() *lan.Member { return a.lan }

// Sighted notes that another machine has the container's MAC: it came in by this port of the
// bridge. The log says so once.
func (a *Attachment) Sighted(port string) {
	if !a.twin {
		a.twin = true
		a.Emit(event.Twin{MAC: a.req.Link.MAC, Port: port})
	}
}

// Now is the present.
func (a *Attachment) Now() clock.Instant { return a.env.Now() }

// Emit tells that something has happened to the attachment.
func (a *Attachment) Emit(e event.Event) {
	at := a.req.Attachment
	a.env.Events.Emit(event.Attachment{Container: at.ContainerName, Net: at.Network, Ifname: at.Interface}, e)
}

// Deliver puts do into the inbox; a full one loses it, unless it is the last of its sender.
func (a *Attachment) Deliver(last bool, do func()) { a.host.Deliver(last, do) }

// Spawn starts a goroutine.
func (a *Attachment) Spawn(run func(ctx context.Context)) { a.host.Spawn(run) }

// Wait calls wait while other attachments work.
func (a *Attachment) Wait(wait func(ctx context.Context)) { a.host.Wait(wait) }

// StandIn is Wait for making a stand-in.
func (a *Attachment) StandIn(make func()) { a.host.StandIn(make) }

// Relieve gives back held leases of the LAN.
func (a *Attachment) Relieve() {
	if a.lan.HeardLately() {
		a.host.Relieve()
	}
}

// Enter holds a session in the container's netns open until the attachment rests. If the
// session is a new one, the attachment looks at its link.
func (a *Attachment) Enter() (kernel.Place, error) {
	at, err := a.env.Kernel.Enter(a.place)
	seen := at.Session == a.place.Session
	if a.place = at; err == nil && !seen {
		err = a.inspect()
	}
	return at, err
}

func noLease(text string) error {
	return &leaseapi.Error{Name: leaseapi.ErrorNoLease, Message: text}
}
