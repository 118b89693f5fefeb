// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/resolv"
	"podman-net-dhcp/leased/internal/wire"
)

// Linux is the real Kernel.
type Linux struct{}

// Find looks at the link for the first time.
func (Linux) Find(r leaseapi.AcquireRequest) (Place, error) {
	mac, err := net.ParseMAC(r.Link.MAC)
	if err != nil {
		return Place{}, err
	}
	ns, cookie, err := open(r.Link.Netns)
	if err != nil {
		return Place{}, absent(err)
	}
	d := &door{ns: ns}
	p := Place{
		Netns: r.Link.Netns, Cookie: cookie, Index: r.Link.Index, MAC: mac, Interface: r.Attachment.Interface,
		Number: unnumbered, Inode: ns.Inode(), door: d,
	}
	h, err := d.netlink()
	if err == nil && p.Index == 0 {
		p.Index, err = binding.Index(h, p.Interface, mac)
	} else if err == nil {
		err = check(h, p)
	}
	if err != nil {
		d.shut()
	}
	return p, gone(err)
}

// Enter opens the place's netns.
func (Linux) Enter(p Place) (Place, error) {
	if p.door.isOpen() {
		return p, nil
	}
	ns, err := reach(p)
	if err == nil {
		p.door = &door{ns: ns}
	}
	return p, err
}

// Leave lets go of the netns.
func (Linux) Leave(p Place) { p.door.shut() }

// Number numbers the netns.
func (Linux) Number(p Place) (int, error) {
	return enter(p, func(d *door) (int, error) { return d.ns.ID() })
}

// Check says whether the link is there still.
func (Linux) Check(p Place) error {
	return rtnetlink(p, func(h *netlink.Handle) error { return check(h, p) })
}

func check(h *netlink.Handle, p Place) error {
	if err := binding.Check(h, p.Index, p.MAC); err != nil && !errors.Is(err, binding.ErrDown) {
		return err
	}
	return nil
}

// Packet opens a raw socket on the link.
func (Linux) Packet(p Place) (PacketConn, error) {
	return enter(p, func(d *door) (PacketConn, error) { return wire.Open(d.ns, p.Index, p.MAC) })
}

// ARP opens an ARP socket on the link.
func (Linux) ARP(p Place) (ARPConn, error) {
	return enter(p, func(d *door) (ARPConn, error) { return wire.OpenARP(d.ns, p.Index, p.MAC) })
}

// Unicast opens a UDP socket from the leased address to the server.
func (Linux) Unicast(p Place, local, server netip.Addr) (Sender, error) {
	return enter(p, func(d *door) (Sender, error) { return wire.DialServer(d.ns, p.Index, local, server) })
}

// Apply applies a lease; prev is what was applied before.
func (Linux) Apply(p Place, next binding.Spec, prev *binding.Spec) (a binding.Applied, err error) {
	err = rtnetlink(p, func(h *netlink.Handle) error {
		if !p.door.isOpen() { // else Find has looked
			if err := check(h, p); err != nil {
				return err
			}
		}
		a, err = binding.Apply(h, next, prev)
		return err
	})
	return a, err
}

// Remove removes what was applied.
func (Linux) Remove(p Place, s binding.Spec) error {
	return rtnetlink(p, func(h *netlink.Handle) error { return binding.Remove(h, s) })
}

// Resolve rewrites the container's resolv.conf.
func (Linux) Resolve(p Place, containerID string, was, now resolv.Names) (bool, error) {
	return resolv.Rewrite(p.Netns, p.Cookie, containerID, was, now)
}

// DeleteLink deletes the link.
func (Linux) DeleteLink(p Place) error {
	_, err := enter(p, func(d *door) (struct{}, error) {
		return struct{}{}, attach.Delete(d.ns, p.Interface, p.MAC)
	})
	return err
}
