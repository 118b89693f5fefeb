// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// packetSocket is a packet socket on one interface.
type packetSocket struct {
	fd, ifindex int
	buf         [1500]byte
}

const (
	ipLen, udpLen          = 20, 8 // RFC 791, 768
	serverPort, clientPort = 67, 68
)

var etherIP = binary.NativeEndian.Uint16([]byte{unix.ETH_P_IP >> 8, unix.ETH_P_IP & 0xff})

// openPacket opens one, in the namespace that it is called in. Protocol 0, set by
// bind: a bind to the protocol that the socket has already waits for a grace period
// of RCU.
func openPacket(ifindex int) (*packetSocket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &packetSocket{fd: fd, ifindex: ifindex}
	return s, errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 3}),
		unix.Bind(fd, s.everybody()),
	)
}

func (s *packetSocket) everybody() *unix.SockaddrLinklayer {
	return &unix.SockaddrLinklayer{
		Protocol: etherIP, Ifindex: s.ifindex,
		Halen: 6, Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
}

func (s *packetSocket) close() error { return unix.Close(s.fd) }

// send sends payload in a broadcast frame. UDP may do without a checksum in IPv4.
func (s *packetSocket) send(payload []byte, src, dst netip.Addr) error {
	p := make([]byte, ipLen+udpLen, ipLen+udpLen+len(payload))
	p[0] = 4<<4 | ipLen/4
	binary.BigEndian.PutUint16(p[2:], uint16(cap(p)))
	p[8], p[9] = 64, unix.IPPROTO_UDP
	copy(p[12:], src.AsSlice())
	copy(p[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(p[10:], checksum(p[:ipLen]))
	binary.BigEndian.PutUint16(p[ipLen:], clientPort)
	binary.BigEndian.PutUint16(p[ipLen+2:], serverPort)
	binary.BigEndian.PutUint16(p[ipLen+4:], uint16(udpLen+len(payload)))
	return unix.Sendto(s.fd, append(p, payload...), 0, s.everybody())
}

func checksum(header []byte) uint16 {
	var sum uint32
	for i := 0; i < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// receive waits for the next datagram to the client's port.
func (s *packetSocket) receive() (payload []byte, err error) {
	for {
		n, _, err := unix.Recvfrom(s.fd, s.buf[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		header := int(s.buf[0]&0xf) * 4
		if n >= header+udpLen && s.buf[9] == unix.IPPROTO_UDP && binary.BigEndian.Uint16(s.buf[header+2:]) == clientPort {
			return s.buf[header+udpLen : n], nil
		}
	}
}
