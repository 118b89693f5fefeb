// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Linux answers for each address of a container by the interface that the routes name. With
// two interfaces on one LAN, or on two LANs with a router between them, this is often another
// one than the question came in on. So a port lets through the addresses of all interfaces
// of its container.

// Use is an IPv4 address that a container uses with one of its interfaces.
type Use struct {
	Netns uint64           // cookie of the container's netns
	MAC   net.HardwareAddr // of the interface
	Port  string           // where the interface is guarded; empty: nowhere
	Was   string           // the port's name if an earlier version made it; empty: none
	Addr  netip.Addr       // invalid: none
}

// uses are the addresses of a container's interfaces, by MAC.
type uses []use

type use struct {
	mac  [6]byte
	addr netip.Addr
}

func (all uses) addrs() (addrs []netip.Addr) {
	for _, u := range all {
		addrs = append(addrs, u.addr)
	}
	return addrs
}

// noteLocked keeps what an interface uses now.
func (g *Guard) noteLocked(u Use) {
	var mac [6]byte
	copy(mac[:], u.MAC)
	all := slices.DeleteFunc(g.uses[u.Netns], func(old use) bool { return old.mac == mac })
	if u.Addr.Is4() {
		all = append(all, use{mac, u.Addr})
	}
	if g.uses[u.Netns] = slices.Clip(all); len(all) == 0 {
		delete(g.uses, u.Netns)
	}
}

// followLocked has the ports of a container let through what it uses now.
func (g *Guard) followLocked(container uint64) error {
	if g.conn == nil {
		return nil
	}
	for name, p := range g.ports {
		if p.netns != container {
			continue
		}
		was := p.addrs
		p.addrs = g.uses[container].addrs()
		g.ports[name] = p
		if err := g.changeLocked(p.replace(was)...); err != nil {
			p.addrs = was
			g.ports[name] = p
			return fmt.Errorf("guard the port %s: %w", name, err)
		}
	}
	return nil
}

// replace lets the addresses of p through in place of those of before.
func (p port) replace(was []netip.Addr) (batch []message) {
	for _, addr := range was {
		if !slices.Contains(p.addrs, addr) {
			batch = append(batch, p.forbid(addr)...)
		}
	}
	for _, addr := range p.addrs {
		if !slices.Contains(was, addr) {
			batch = append(batch, p.allow(addr)...)
		}
	}
	return batch
}
