// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// Autoconf sets how the kernel takes router advertisements on the link.
func (Linux) Autoconf(p Place, a binding.Autoconf) error {
	_, err := enter(p, func(d *door) (struct{}, error) { return struct{}{}, binding.SetAutoconf(d.ns, a) })
	return err
}

// Look6 looks at the link's IPv6.
func (Linux) Look6(p Place) (binding.State6, error) {
	return enter(p, func(d *door) (s binding.State6, err error) {
		h, err := d.netlink()
		if err == nil {
			err = check(h, p)
		}
		if err == nil {
			s, err = binding.Look6(d.ns, p.Index)
		}
		return s, err
	})
}

// Apply6 applies a DHCPv6 lease's addresses; prev is what was applied before.
func (Linux) Apply6(p Place, next binding.Spec6, prev *binding.Spec6) error {
	return rtnetlink(p, func(h *netlink.Handle) error {
		if err := check(h, p); err != nil {
			return err
		}
		return binding.Apply6(h, next, prev)
	})
}

// Remove6 removes what Apply6 applied.
func (Linux) Remove6(p Place, s binding.Spec6) error {
	return rtnetlink(p, func(h *netlink.Handle) error { return binding.Remove6(h, s) })
}

// Solicit asks the LAN's routers for an advertisement.
func (Linux) Solicit(p Place, from netip.Addr) error {
	_, err := enter(p, func(d *door) (struct{}, error) { return struct{}{}, wire.Solicit(d.ns, p.Index, from) })
	return err
}

// Routers opens a raw socket on the link that hears router advertisements.
func (Linux) Routers(p Place) (Ear, error) {
	return enter(p, func(d *door) (Ear, error) { return wire.OpenRouters(d.ns, p.Index) })
}

// Advertise tells the LAN where addr is.
func (Linux) Advertise(p Place, addr netip.Addr) error {
	_, err := enter(p, func(d *door) (struct{}, error) { return struct{}{}, wire.Advertise(d.ns, p.Index, p.MAC, addr) })
	return err
}

// DHCP6 opens a DHCPv6 client's socket on the link.
func (Linux) DHCP6(p Place, linkLocal netip.Addr) (Conn6, error) {
	return enter(p, func(d *door) (Conn6, error) { return wire.OpenDHCP6(d.ns, p.Index, linkLocal) })
}

// StandIn6 makes a link with l's MAC where l's was, with a link-local address that
// can be used at once, and opens a DHCPv6 client's socket on it. Close takes it away.
func (Linux) StandIn6(l leaseapi.Link) (Conn6, error) {
	mac, err := net.ParseMAC(l.MAC)
	if err != nil {
		return nil, err
	}
	// Whose address it is was found out long ago, by the container.
	return raise(l.Host, mac, map[string]string{"accept_dad": "0", "accept_ra": "0"}, func(ns *netns.NS, index int) (*standIn6, error) {
		linkLocal, err := awaitLinkLocal(ns, index)
		if err != nil {
			return nil, err
		}
		conn, err := wire.OpenDHCP6(ns, index, linkLocal)
		return &standIn6{conn, ns}, err
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
	ns *netns.NS
}

// Close is standIn's.
func (s *standIn6) Close() {
	_ = deleteRaised(s.ns)
	s.DHCP6.Close()
	s.ns.Close()
}

// Ear makes a link on the LAN that hears router advertisements and says nothing.
func (Linux) Ear(host string) (Ear, error) {
	mac := make(net.HardwareAddr, 6)
	_, _ = rand.Read(mac) // never fails
	mac[0] = mac[0]&^1 | 2
	return raise(host, mac, map[string]string{"disable_ipv6": "1"}, func(ns *netns.NS, index int) (*openEar, error) {
		r, err := wire.OpenRouters(ns, index)
		return &openEar{Routers: r, ns: ns}, err
	})
}

type openEar struct {
	*wire.Routers
	ns   *netns.NS
	once sync.Once
}

// Close closes the socket first, which is to say why nothing comes any more.
func (o *openEar) Close() {
	o.Routers.Close()
	o.once.Do(func() {
		_ = deleteRaised(o.ns)
		o.ns.Close()
	})
}

// sysctls6 sets what new links in ns are like in IPv6.
func sysctls6(ns *netns.NS, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	return ns.Sysctl(func(dir string) error {
		for key, value := range values {
			if err := os.WriteFile(dir+"/net/ipv6/conf/default/"+key, []byte(value), 0); err != nil {
				return fmt.Errorf("set up the link: %w", err)
			}
		}
		return nil
	})
}
