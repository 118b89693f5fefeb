// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import (
	"bytes"
	"encoding/binary"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Link is the part of a link that the programs here look at.
type Link struct {
	Index, MTU  int
	Name, Alias string
	MAC         net.HardwareAddr
	Type        uint16 // ARPHRD_…: Ethernet is 1
	Flags       uint32 // IFF_…
	Kind        string // "veth", "macvlan", "bridge", …; empty: a NIC

	Lower     int    // ifindex of a macvlan's parent or of a veth's other end; 0: none or unknown
	Master    int    // ifindex of the bridge, bond, … that has it as a port; 0: none
	PortKind  string // the master's kind
	PortState uint8  // of a bridge's port: BR_STATE_… of linux/if_bridge.h

	Bridge Bridge // of a bridge
	VLAN   uint16 // of a VLAN device: its 802.1Q id; 0: another protocol's, or no VLAN device
}

// Bridge is the part of a bridge's settings that the programs here look at.
type Bridge struct {
	Delay time.Duration // a port listens for that long and learns for that long, with spanning tree
	VLANs bool          // it filters VLANs
	PVID  uint16        // the VLAN that a new port is in, if it filters VLANs; 0: none
}

// LinkByIndex asks for a link (RTM_GETLINK). It fails with ENODEV if there is no such
// link. The question makes the kernel look at the link's carrier, since Linux 6.8.
func (c *Conn) LinkByIndex(index int) (Link, error) { return c.getLink(index) }

// LinkByName is LinkByIndex for a link's name or alternative name.
func (c *Conn) LinkByName(name string) (Link, error) {
	return c.getLink(0, nameOf(name))
}

func nameOf(name string) Attr {
	if len(name) >= unix.IFNAMSIZ {
		return String(unix.IFLA_ALT_IFNAME, name)
	}
	return String(unix.IFLA_IFNAME, name)
}

func (c *Conn) getLink(index int, attrs ...Attr) (Link, error) {
	body, err := c.askLink(index, attrs...)
	if err != nil {
		return Link{}, err
	}
	return ParseLink(body)
}

func (c *Conn) askLink(index int, attrs ...Attr) ([]byte, error) {
	const skipStats = 8 // RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h
	attrs = append(attrs, Uint32(unix.IFLA_EXT_MASK, skipStats))
	return c.Ask(unix.RTM_GETLINK, 0, LinkHeader(index, 0, 0), attrs...)
}

// ParseLink reads the body of an RTM_NEWLINK: a struct ifinfomsg and its attributes. It
// fails with EBADMSG if the body is too short.
func ParseLink(body []byte) (Link, error) {
	if len(body) < unix.SizeofIfInfomsg {
		return Link{}, unix.EBADMSG
	}
	l := Link{Type: native.Uint16(body[2:]), Index: int(int32(native.Uint32(body[4:]))), Flags: native.Uint32(body[8:])}
	var info []byte
	for kind, value := range Attrs(body[unix.SizeofIfInfomsg:]) {
		switch kind {
		case unix.IFLA_IFNAME:
			l.Name = unix.ByteSliceToString(value)
		case unix.IFLA_IFALIAS:
			l.Alias = unix.ByteSliceToString(value)
		case unix.IFLA_ADDRESS:
			l.MAC = bytes.Clone(value)
		case unix.IFLA_MTU:
			l.MTU = int(Number(value))
		case unix.IFLA_LINK:
			l.Lower = int(Number(value))
		case unix.IFLA_MASTER:
			l.Master = int(Number(value))
		case unix.IFLA_LINKINFO:
			info = value
		}
	}
	l.parseInfo(info)
	return l, nil
}

// parseInfo reads IFLA_LINKINFO.
func (l *Link) parseInfo(b []byte) {
	var port, data []byte
	for kind, value := range Attrs(b) {
		switch kind {
		case unix.IFLA_INFO_KIND:
			l.Kind = unix.ByteSliceToString(value)
		case unix.IFLA_INFO_DATA:
			data = value
		case unix.IFLA_INFO_SLAVE_KIND:
			l.PortKind = unix.ByteSliceToString(value)
		case unix.IFLA_INFO_SLAVE_DATA:
			port = value
		}
	}
	switch l.Kind {
	case "bridge":
		l.Bridge.parse(data)
	case "vlan":
		l.VLAN = parseVLAN(data)
	}
	if l.PortKind != "bridge" {
		return
	}
	for kind, value := range Attrs(port) {
		if kind == unix.IFLA_BRPORT_STATE && len(value) == 1 {
			l.PortState = value[0]
		}
	}
}

// parse reads the IFLA_INFO_DATA of a bridge.
func (b *Bridge) parse(data []byte) {
	const (
		forwardDelay, vlanFiltering, vlanPVID = 1, 7, 39              // IFLA_BR_… of linux/if_link.h
		tick                                  = 10 * time.Millisecond // of USER_HZ
	)
	for kind, value := range Attrs(data) {
		switch {
		case kind == forwardDelay:
			b.Delay = time.Duration(Number(value)) * tick
		case kind == vlanFiltering && len(value) == 1:
			b.VLANs = value[0] != 0
		case kind == vlanPVID && len(value) == 2:
			b.PVID = native.Uint16(value)
		}
	}
}

// parseVLAN reads the IFLA_INFO_DATA of a VLAN device.
func parseVLAN(data []byte) (id uint16) {
	const vlanID, vlanProtocol = 1, 5 // IFLA_VLAN_… of linux/if_link.h
	for kind, value := range Attrs(data) {
		switch {
		case kind == vlanID && len(value) == 2:
			id = native.Uint16(value)
		case kind == vlanProtocol && len(value) == 2 && binary.BigEndian.Uint16(value) != unix.ETH_P_8021Q:
			return 0
		}
	}
	return id
}
