// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"net"
	"net/netip"
)

// ARP is an ARP packet for IPv4 over Ethernet (RFC 826), correct or not, with the
// names of its fields as in RFC 5227.
type ARP struct {
	Op       uint16           // 1 is a request, 2 a reply
	SHA, THA net.HardwareAddr // nil is 0
	SPA, TPA netip.Addr       // none is 0.0.0.0
}

// OffARP is the packet's offset in an ARP frame.
const OffARP = OffIP

// Frame returns the packet in a frame to dst. The Ethernet source is always ServerMAC,
// whatever SHA is: otherwise a bridge would learn a wrong port for another host.
func (a ARP) Frame(dst net.HardwareAddr) []byte {
	f := append(append(append([]byte(nil), dst...), ServerMAC...), 8, 6)
	f = append(f, 0, 1, 8, 0, 6, 4, byte(a.Op>>8), byte(a.Op))
	for _, end := range []struct {
		mac  net.HardwareAddr
		addr netip.Addr
	}{{a.SHA, a.SPA}, {a.THA, a.TPA}} {
		var mac [6]byte
		var addr [4]byte
		copy(mac[:], end.mac)
		copy(addr[:], end.addr.AsSlice())
		f = append(append(f, mac[:]...), addr[:]...)
	}
	return f
}
