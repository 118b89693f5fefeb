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
