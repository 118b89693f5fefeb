// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/resolv"
	"podman-net-dhcp/leased/internal/wire"
)

// ErrGone says that the container's netns or link is not there any more, or is
// another one.
var ErrGone = errors.New("the container is gone")

// Place is a link that was looked at: where, and the signs by which it is known
// again. A path can lead to another netns later; the cookie cannot.
type Place struct {
	Netns     string
	Cookie    uint64
	Index     int
	MAC       net.HardwareAddr
	Interface string
	// Of the netns, and not part of what it is known by: the number under which the
	// kernel tells its end, and the inode, which its processes have when its path is gone.
	Number int
	Inode  uint64
}

func (p Place) same(q Place) bool {
	return p.Netns == q.Netns && p.Cookie == q.Cookie && p.Index == q.Index && p.MAC.String() == q.MAC.String()
}

// Sender is a socket that sends DHCP messages, as wire.Unicast.
type Sender interface {
	Send(payload []byte) error
	Close()
}

// PacketConn is a raw socket in the container, as wire.Packet.
type PacketConn interface {
	Sender
	Receive(ctx context.Context) (payload []byte, from wire.Source, err error)
	SetXID(xid uint32) error
	SendTo(payload []byte, src, dst netip.Addr, mac net.HardwareAddr) error
}

// ARPConn is an ARP socket in the container, as wire.ARP.
type ARPConn interface {
	Watch(addr netip.Addr) error
	Probe(addr netip.Addr) error
	Announce(addr netip.Addr) error
	Receive(ctx context.Context) (wire.Conflict, error)
	Pending() (wire.Conflict, bool)
	Close()
}

// Kernel is the container's side. Every call finds its way by path, makes sure
// that it is the same netns and link still, and holds on to neither. Calls fail
// with ErrGone where it is not.
type Kernel interface {
	Find(l leaseapi.Link) (Place, error)
	Check(p Place) error
	Packet(p Place) (PacketConn, error)
	ARP(p Place) (ARPConn, error)
	Unicast(p Place, local, server netip.Addr) (Sender, error)
	Apply(p Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error)
	Remove(p Place, s binding.Spec) error
	DeleteLink(p Place) error
	// Resolve rewrites the container's resolv.conf, and says whether it did.
	Resolve(p Place, containerID string, was, now resolv.Names) (bool, error)
	// StandIn opens a raw socket on a link that is like l, which is gone.
	StandIn(l leaseapi.Link) (PacketConn, error)
}

// Linux is the real Kernel.
type Linux struct{}

// Find looks at the link for the first time.
func (Linux) Find(l leaseapi.Link) (Place, error) {
	mac, err := net.ParseMAC(l.MAC)
	if err != nil {
		return Place{}, err
	}
	ns, err := netns.Open(l.Netns)
	if err != nil {
		return Place{}, absent(err)
	}
	defer ns.Close()
	sign, err := ns.Sign()
	if err != nil {
		return Place{}, err
	}
	p := Place{Netns: l.Netns, Cookie: sign.Cookie, Index: l.Index, MAC: mac, Number: sign.Number, Inode: sign.Inode}
	return p, check(ns, p)
}

// Check says whether the link is there still.
func (Linux) Check(p Place) error {
	_, err := enter(p, func(ns *netns.NS) (struct{}, error) { return struct{}{}, check(ns, p) })
	return err
}

func check(ns *netns.NS, p Place) error {
	h, err := ns.Netlink()
	if err != nil {
		return err
	}
	defer h.Close()
	if err := binding.Check(h, p.Index, p.MAC); err != nil && !errors.Is(err, binding.ErrDown) {
		return gone(err)
	}
	return nil
}

// enter opens the place's netns for the time of do.
func enter[T any](p Place, do func(ns *netns.NS) (T, error)) (T, error) {
	var none T
	ns, err := reach(p)
	if err != nil {
		return none, err
	}
	defer ns.Close()
	got, err := do(ns)
	return got, gone(err)
}

// reach opens the place's netns by its path, or else by its processes: the path can
// be gone while the container lives, and uses the address (podman system reset).
func reach(p Place) (*netns.NS, error) {
	ns, err := netns.Open(p.Netns)
	switch {
	case err == nil && ns.Cookie() == p.Cookie:
		return ns, nil
	case err == nil:
		ns.Close()
		err = fmt.Errorf("%w: another network namespace is at %s", ErrGone, p.Netns)
	default:
		err = absent(err)
	}
	if !errors.Is(err, ErrGone) || p.Cookie == 0 {
		return nil, err
	}
	if ns, lost := netns.Find(netns.Sign{Number: p.Number, Inode: p.Inode, Cookie: p.Cookie}); lost == nil {
		return ns, nil
	}
	return nil, err
}

// absent is what it means that a netns cannot be opened: it is gone, unless it is
// we who are short of something.
func absent(err error) error {
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// gone gives the errors of the packages below that mean it the name ErrGone.
func gone(err error) error {
	if errors.Is(err, binding.ErrGone) || errors.Is(err, wire.ErrLinkGone) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// Packet opens a raw socket on the link.
func (Linux) Packet(p Place) (PacketConn, error) {
	return enter(p, func(ns *netns.NS) (PacketConn, error) { return wire.Open(ns, p.Index, p.MAC) })
}

// ARP opens an ARP socket on the link.
func (Linux) ARP(p Place) (ARPConn, error) {
	return enter(p, func(ns *netns.NS) (ARPConn, error) { return wire.OpenARP(ns, p.Index, p.MAC) })
}

// Unicast opens a UDP socket from the leased address to the server.
func (Linux) Unicast(p Place, local, server netip.Addr) (Sender, error) {
	return enter(p, func(ns *netns.NS) (Sender, error) { return wire.DialServer(ns, p.Index, local, server) })
}

// Apply applies a lease; prev is what was applied before.
func (Linux) Apply(p Place, next binding.Spec, prev *binding.Spec) (binding.Applied, error) {
	return enter(p, func(ns *netns.NS) (a binding.Applied, err error) {
		h, err := ns.Netlink()
		if err != nil {
			return a, err
		}
		defer h.Close()
		if err := binding.Check(h, p.Index, p.MAC); err != nil && !errors.Is(err, binding.ErrDown) {
			return a, err
		}
		return binding.Apply(h, next, prev)
	})
}

// Remove removes what was applied.
func (Linux) Remove(p Place, s binding.Spec) error {
	_, err := enter(p, func(ns *netns.NS) (struct{}, error) {
		h, err := ns.Netlink()
		if err != nil {
			return struct{}{}, err
		}
		defer h.Close()
		return struct{}{}, binding.Remove(h, s)
	})
	return err
}

// Resolve rewrites the container's resolv.conf.
func (Linux) Resolve(p Place, containerID string, was, now resolv.Names) (bool, error) {
	return resolv.Rewrite(p.Netns, p.Cookie, containerID, was, now)
}

// DeleteLink deletes the link.
func (Linux) DeleteLink(p Place) error {
	_, err := enter(p, func(ns *netns.NS) (struct{}, error) {
		return struct{}{}, attach.Delete(ns, p.Interface, p.MAC)
	})
	return err
}
