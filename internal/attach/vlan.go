// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// Carries refuses a VLAN (0: none) on a bridge that does not filter VLANs, where the port would
// be in the same LAN as all others. A parent carries each VLAN, see inVLAN.
func (i Interface) Carries(vlan int) error {
	if vlan == 0 || i.link.Bridge.VLANs || !i.Bridge() {
		return nil
	}
	return fmt.Errorf("the bridge %s does not filter VLANs, so vlan=%d would change nothing; leave vlan out, or have the bridge filter: "+
		"for NetworkManager, nmcli connection modify %s bridge.vlan-filtering yes; for systemd-networkd, VLANFiltering=yes under [Bridge] in its .netdev file",
		i.Name(), vlan, i.Name())
}

// tag puts a port that is not up yet into its VLAN, untagged, and takes it out of the VLAN that
// new ports are in.
func (h *Host) tag(on Interface, s Spec) error {
	link, err := h.conn.LinkByName(s.HostEnd)
	if err != nil {
		return fmt.Errorf("find %s: %w", s.HostEnd, err)
	}
	var r rtnetlink.Request
	for _, m := range vlans(link.Index, on.link.Bridge.PVID, uint16(s.VLAN)) {
		r.Add(m.kind, unix.NLM_F_ACK, m.header, m.attrs...)
	}
	for _, a := range h.conn.Do(r) {
		if a.Err != nil {
			return fmt.Errorf("put %s into the VLAN %d of %s: %w", s.HostEnd, s.VLAN, s.Host, a.Err)
		}
	}
	if err := change(h.conn, named(s.HostEnd), unix.IFF_UP); err != nil {
		return fmt.Errorf("set %s up: %w", s.HostEnd, err)
	}
	return nil
}

// message is a request to rtnetlink.
type message struct {
	kind   uint16
	header []byte
	attrs  []rtnetlink.Attr
}

// vlans returns the messages that take a port out of the bridge's default VLAN, and put it into
// its own as `bridge vlan add vid N pvid untagged` does. The flags of a VLAN that the port is in
// already are replaced.
func vlans(port int, pvid, vlan uint16) (all []message) {
	const (
		vlanInfo           = 2 // IFLA_BRIDGE_VLAN_INFO of linux/if_bridge.h
		asPVID, asUntagged = 2, 4
	)
	ask := func(kind, flags, id uint16) {
		header := rtnetlink.LinkHeader(port, 0, 0)
		header[0] = unix.AF_BRIDGE
		info := binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, flags), id)
		all = append(all, message{kind, header, []rtnetlink.Attr{rtnetlink.Nested(unix.IFLA_AF_SPEC, rtnetlink.Attr{Type: vlanInfo, Value: info})}})
	}
	if pvid != 0 && pvid != vlan {
		ask(unix.RTM_DELLINK, 0, pvid)
	}
	ask(unix.RTM_SETLINK, asPVID|asUntagged, vlan)
	return all
}

// Doubt returns why frames of a new container may go nowhere on a bridge or parent, for the
// user; empty: nothing is known against it.
func (h *Host) Doubt(name string, vlan int) string {
	l, err := h.conn.LinkByName(name)
	switch {
	case err != nil:
		return ""
	case l.Kind != "bridge" && l.Flags&unix.IFF_LOWER_UP == 0:
		return fmt.Sprintf("%s has no carrier; is its cable plugged in?", name)
	case l.Bridge.VLANs && l.Bridge.PVID == 0 && vlan == 0:
		return fmt.Sprintf("the bridge %s filters VLANs and puts new ports into none (vlan_default_pvid 0); create the network with -o vlan=N", name)
	}
	return ""
}
