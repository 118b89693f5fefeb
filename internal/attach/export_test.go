// SPDX-License-Identifier: Apache-2.0

package attach

import "podman-net-dhcp/internal/netns"

// MakeAnew is Make as it goes on where the kernel says EEXIST of a name that the
// container has free.
func (h *Host) MakeAnew(ns *netns.NS, s Spec) error {
	on, err := h.Find(s.Host)
	if err != nil {
		return err
	}
	s.hostMTU = on.link.Attrs().MTU
	if on.Bridge() {
		return h.pairAnew(ns, s)
	}
	return h.childByRename(on, ns, s, macvlanModes[s.Mode])
}
