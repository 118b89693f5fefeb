// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"hash/maphash"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/request"
)

// hung is where a link hangs on the host. The Manager's mutex guards it.
type hung struct {
	host  uint32    // the bridge or parent, see Manager.nameOf
	ports [2]uint32 // the names that a veth's host end may have; 0: none
}

// hang notes where the attachment's link hangs, and has the host interface watched. It follows the
// first message of a start.
func (x *actor) hang(r *request.Request) {
	s := r.Remade()
	on := hung{host: x.m.nameOf(s.Host)}
	if r.Link.Made.Kind <= request.Veth { // a macvlan's parent says all
		on.ports = [2]uint32{x.m.nameOf(s.HostEnd), x.m.nameOf(cmp.Or(s.FormerEnd, s.HostEnd))}
	}
	if x.m.cfg.Watch != nil {
		x.m.cfg.Watch(s.Host)
	}
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	x.hung = on
}

// nameOf stands for an interface's name in less memory. Another interface with the same one costs a
// look too much.
func (m *Manager) nameOf(name string) uint32 { return uint32(maphash.String(m.seed, name)) }

// HostChanged tells what keeps a host interface from its LAN, for the user; empty: nothing. back:
// it leads to its LAN again, after a time without.
func (m *Manager) HostChanged(host, trouble string, back bool) {
	if trouble != "" {
		m.cfg.Log.Warn("no way to the LAN", "on", host, "reason", trouble)
	} else if back {
		m.cfg.Log.Info("the LAN is back", "on", host)
	}
	m.env.LANs.LinkChanged(isOn(host), trouble, back)
	m.lookAtLinks(back, func(on hung) bool { return on.host == m.nameOf(host) })
}

// isOn tells the LANs that a host interface leads to.
func isOn(host string) func(lan string) bool {
	return func(lan string) bool {
		name, _ := attach.SplitLAN(lan)
		return name == host
	}
}

// PortsChanged tells the names of ports that left their bridge, or are down.
func (m *Manager) PortsChanged(names []string) {
	ports := map[uint32]bool{}
	for _, name := range names {
		ports[m.nameOf(name)] = true
	}
	m.lookAtLinks(false, func(on hung) bool { return ports[on.ports[0]] || ports[on.ports[1]] })
}

// PortsMissed tells the ports that are in bridges: notices about the others may be missing.
func (m *Manager) PortsMissed(plugged map[string]bool) {
	ports := map[uint32]bool{}
	for name := range plugged {
		ports[m.nameOf(name)] = true
	}
	m.lookAtLinks(false, func(on hung) bool { return on.ports[0] != 0 && !ports[on.ports[0]] && !ports[on.ports[1]] })
}

// lookAtLinks has the attachments look at their links that hang where which says.
func (m *Manager) lookAtLinks(back bool, which func(on hung) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.actors {
		if which(x.hung) {
			x.putLocked(func() { x.linkChanged(back) })
		}
	}
}

func (x *actor) linkChanged(back bool) {
	if x.at != nil {
		x.at.LinkChanged(back)
	}
}
