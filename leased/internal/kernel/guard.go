// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/guard"
)

// Use is an IPv4 address that a container uses, as guards know it.
type Use = guard.Use

// Use is that address with the place's interface, whose guarded port may be empty.
func (p Place) Use(port string, addr netip.Addr) Use {
	return Use{Netns: p.Cookie, MAC: p.MAC, Port: port, Addr: addr}
}

// Reguard guards the ports that an earlier leased has guarded. It comes before all else.
func (l Linux) Reguard(all []Use) error {
	if l.Guard == nil {
		return nil
	}
	return l.Guard.Restore(all)
}

// Allow4 lets a container use an IPv4 address with an interface, and no other one.
func (l Linux) Allow4(u Use) error {
	if l.Guard == nil {
		return nil
	}
	return l.Guard.Allow(u)
}

// Unguard says that the attachment of an interface is over. The guard of its port leaves with
// the link, and the VLAN device with the last one on it.
func (l Linux) Unguard(u Use) {
	l.VLANs.ended()
	if l.Guard != nil {
		l.Guard.End(u)
	}
}
