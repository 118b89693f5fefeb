// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"net/netip"

	"podman-net-dhcp/leased/internal/guard"
)

// Port is a bridge port that is guarded.
type Port = guard.Port

// Reguard guards the ports that an earlier leased has guarded. It comes before all else.
func (l Linux) Reguard(ports []Port) error {
	if l.Guard == nil || len(ports) == 0 {
		return nil
	}
	return l.Guard.Restore(ports)
}

// Allow4 lets the container behind a guarded port use an IPv4 address, and no other one.
func (l Linux) Allow4(port string, addr netip.Addr) error {
	if l.Guard == nil {
		return nil
	}
	return l.Guard.Allow(port, addr)
}

// Unguard says that the attachment of a guarded port is over. The guard leaves with the link.
func (l Linux) Unguard(port string) {
	if l.Guard != nil {
		l.Guard.End(port)
	}
}
