// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// What the frames of the tests are made of.
var (
	another  = net.HardwareAddr{2, 0, 0, 0, 0xbb, 0xbb}
	own      = netip.MustParseAddr("192.0.2.77") // the container's
	others   = netip.MustParseAddr("192.0.2.78")
	nobody   = netip.IPv4Unspecified()
	everyone = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	linkOwn  = netip.MustParseAddr("fe80::77")
	allNodes = netip.MustParseAddr("ff02::1")
)

func ether(dst, src net.HardwareAddr, kind uint16, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint16(slices.Concat(dst, src), kind), payload...)
}

func arpOf(sha net.HardwareAddr, spa netip.Addr) []byte {
	return testlan.ARP{Op: 2, SHA: sha, SPA: spa, TPA: testlan.RouterAddr}.Frame(testlan.Broadcast)[testlan.OffARP:]
}

// ip4 is a packet of UDP. frag is the field with the fragment's flags and offset.
func ip4(src netip.Addr, frag uint16, payload []byte) []byte {
	p := binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(20+len(payload)))
	p = append(binary.BigEndian.AppendUint16(append(p, 0, 1), frag), 64, unix.IPPROTO_UDP, 0, 0)
	p = slices.Concat(p, src.AsSlice(), everyone.AsSlice())
	sum := uint32(0)
	for i := 0; i < len(p); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(p[10:], ^uint16(sum))
	return append(p, payload...)
}

func udp(from, to uint16, payload []byte) []byte {
	p := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, from), to)
	return append(append(binary.BigEndian.AppendUint16(p, uint16(8+len(payload))), 0, 0), payload...)
}

// bootp is the fixed part of a message, and some of its options.
func bootp(ciaddr, giaddr netip.Addr, chaddr net.HardwareAddr) []byte {
	p := slices.Concat([]byte{1, 1, 6, 0}, make([]byte, 8), ciaddr.AsSlice(), make([]byte, 8), giaddr.AsSlice(), chaddr)
	return append(p, make([]byte, 240-len(p))...)
}

// ip6 is a packet whose first header is next.
func ip6(next byte, payload []byte) []byte {
	p := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(payload)))
	return slices.Concat(append(p, next, 255), linkOwn.AsSlice(), allNodes.AsSlice(), payload)
}

// options is a Destination Options header.
func options(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }

// fragment is a fragment's header; offset is in units of 8 bytes.
func fragment(next byte, offset uint16, more uint16) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{next, 0}, offset<<3|more), 0, 0, 0, 1)
}

func icmp(kind byte) []byte { return append([]byte{kind, 0, 0, 0}, make([]byte, 12)...) }

// sender sends frames from a container.
type sender struct {
	fd, index int
}

func newSender(link testlan.Link) (s sender) {
	s.index = link.Index
	link.NS.Do(func() (err error) {
		s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	return s
}

// send marks the frame behind its end, where no protocol looks.
func (s sender) send(frame []byte, mark string) error {
	frame = append(append(slices.Clone(frame), make([]byte, max(0, 60-len(frame)))...), mark...)
	return unix.Sendto(s.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: s.index})
}

func (s sender) close() { unix.Close(s.fd) }

// marked reports whether a frame with the mark is among frames.
func marked(frames [][]byte, mark string) bool {
	return slices.ContainsFunc(frames, func(f []byte) bool { return bytes.HasSuffix(f, []byte(mark)) })
}
