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
	lan   string    // attach.LAN of the bridge or parent
	ports [2]uint64 // the names that a veth's host end may have, see Manager.portOf; 0: none
}

// hang notes where the attachment's link hangs, and has the host interface watched. It follows the
// first message of a start.
func (x *actor) hang(r *request.Request) {
	on, s := hung{lan: r.Link.Host}, r.Remade()
	if r.Link.Made.Kind <= request.Veth { // a macvlan's parent says all
		on.ports = [2]uint64{x.m.portOf(s.HostEnd), x.m.portOf(cmp.Or(s.FormerEnd, s.HostEnd))}
	}
	if x.m.cfg.Watch != nil {
		x.m.cfg.Watch(s.Host)
	}
	x.m.mu.Lock()
	defer x.m.mu.Unlock()
	x.hung = on
}

// portOf stands for a port's name in less memory.
func (m *Manager) portOf(name string) uint64 { return maphash.String(m.seed, name) }

// HostChanged tells what keeps a host interface from its LAN, for the user; empty: nothing. back:
// it leads to its LAN again, after a time without.
func (m *Manager) HostChanged(host, trouble string, back bool) {
	if trouble != "" {
		m.cfg.Log.Warn("no way to the LAN", "on", host, "reason", trouble)
	} else if back {
		m.cfg.Log.Info("the LAN is back", "on", host)
	}
	m.env.LANs.LinkChanged(isOn(host), trouble, back)
	m.lookAtLinks(back, func(on hung) bool { return isOn(host)(on.lan) })
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
	ports := map[uint64]bool{}
	for _, name := range names {
		ports[m.portOf(name)] = true
	}
	m.lookAtLinks(false, func(on hung) bool { return ports[on.ports[0]] || ports[on.ports[1]] })
}

// PortsMissed tells the ports that are in bridges: notices about the others may be missing.
func (m *Manager) PortsMissed(plugged map[string]bool) {
	ports := map[uint64]bool{}
	for name := range plugged {
		ports[m.portOf(name)] = true
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
