// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// MakeAnew is Make as it goes on where the kernel says EEXIST of a name that the
// container has free.
func (h *Host) MakeAnew(ns *netns.NS, s Spec) error {
	on, err := h.Find(s.Host)
	if err != nil {
		return err
	}
	s.hostMTU = on.link.MTU
	if on.Bridge() {
		return h.pairAnew(ns, s)
	}
	return h.childByRename(on, ns, s, macvlanModes[s.Mode])
}

// Pair is the first step of Make on a bridge.
func (h *Host) Pair(ns *netns.NS, s Spec) error {
	on, err := h.Find(s.Host)
	if err != nil {
		return err
	}
	s.hostMTU = on.link.MTU
	return h.pair(ns, s)
}

// MakeInterim is the first step of childByRename.
func (h *Host) MakeInterim(ns *netns.NS, s Spec) error {
	on, err := h.Find(s.Host)
	if err != nil {
		return err
	}
	s.Interface = s.HostEnd
	return h.makeChild(on, ns, s, macvlanModes[s.Mode], 0)
}

// VLANs returns the messages about a port's VLANs: their kinds, headers, and IFLA_AF_SPEC.
func VLANs(port int, pvid, vlan uint16) (kinds []uint16, headers, infos []string) {
	for _, m := range vlans(port, pvid, vlan) {
		kinds, headers, infos = append(kinds, m.kind), append(headers, string(m.header)), append(infos, string(m.attrs[0].Value))
	}
	return kinds, headers, infos
}

// MakeFilter makes a bridge that filters VLANs, and reports whether the kernel can.
func (h *Host) MakeFilter(name string) bool {
	const vlanFiltering = 7
	on := rtnetlink.Nested(unix.IFLA_INFO_DATA, rtnetlink.Attr{Type: vlanFiltering, Value: []byte{1}})
	return create(h.conn, "bridge", on, 0, rtnetlink.String(unix.IFLA_IFNAME, name)) == nil
}
