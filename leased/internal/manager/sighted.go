// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net"

	"podman-net-dhcp/leased/internal/attachment"
)

// HasMAC reports whether a living attachment has the MAC.
func (m *Manager) HasMAC(mac net.HardwareAddr) bool {
	return m.env.LANs.Holder(mac, func(string) bool { return true }) != ""
}

// Sighted tells the Manager that a frame with the MAC came in by a port of the bridge that is no
// container's: another machine has the MAC of a container there.
func (m *Manager) Sighted(mac net.HardwareAddr, bridge, port string) {
	if key := m.env.LANs.Holder(mac, isOn(bridge)); key != "" {
		m.post(key, func(x *actor) {
			if x.at != nil && x.at.Phase() < attachment.Held {
				x.at.Sighted(port)
			}
		})
	}
}
