// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxPacket is the largest IP packet that is taken, in bytes. We offer servers at most
// an Ethernet frame (option 57); the rest is for servers that ignore this.
const maxPacket = 4096

// More reasons to drop a packet.
const (
	dropNotOurs drop = "overheard: not sent to this interface"
	dropVLAN    drop = "tagged for a VLAN"
)

// arrival is a packet with the kernel's information about it.
type arrival struct {
	packet []byte // cut off at the buffer's end; parse sees that by its total length
	kind   uint8  // PACKET_HOST, PACKET_BROADCAST, …
	mac    net.HardwareAddr
	aux    unix.TpacketAuxdata
}

// buffers are for sockets that live as long as an exchange. A renewal would leave one of its
// own as garbage, a fifth of all that it leaves.
var buffers = sync.Pool{New: func() any { return new([maxPacket]byte) }}

// receive calls take for each packet until take has no reason to drop it. The packet is valid
// during the call. receive returns ctx.Err() when ctx ends, net.ErrClosed after shut.
func (d *device) receive(ctx context.Context, take func(arrival) error) error {
	buf := d.buf
	if buf == nil {
		borrowed := buffers.Get().(*[maxPacket]byte)
		defer buffers.Put(borrowed)
		buf = borrowed[:]
	}
	for ctx.Err() == nil { // also when junk never ends
		a, err := d.next(ctx, buf)
		if err != nil {
			return fmt.Errorf("receive: %w", d.verdict(err))
		}
		if take(a) == nil {
			return nil
		}
	}
	return ctx.Err()
}

// next waits for one packet, in buf.
func (d *device) next(ctx context.Context, buf []byte) (a arrival, err error) {
	if err := d.control(d.present); err != nil {
		return a, err
	}
	err = d.wait(ctx, func(fd int) (err error) {
		a, err = recvmsg(fd, buf)
		return err
	})
	return a, err
}

// present returns ErrLinkGone for a deleted interface. The kernel reports ENETDOWN only
// once, and sends nothing more for a deleted interface.
func (d *device) present(fd int) error {
	link, err := unix.NewIfreq("")
	if err != nil {
		return err
	}
	link.SetUint32(uint32(d.ifindex))
	if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, link) != nil {
		return ErrLinkGone
	}
	return nil
}

// verdict classifies an error. A deletion looks like ENETDOWN too.
func (d *device) verdict(err error) error {
	if errors.Is(err, unix.ENETDOWN) && errors.Is(d.control(d.present), ErrLinkGone) {
		return fmt.Errorf("%w: %w", ErrLinkGone, err)
	}
	return classify(err)
}

// foreign returns why the packet is not for this interface, whatever its content.
func (a arrival) foreign() error {
	switch {
	case a.kind != unix.PACKET_HOST && a.kind != unix.PACKET_BROADCAST && a.kind != unix.PACKET_MULTICAST:
		return dropNotOurs
	case a.aux.Status&unix.TP_STATUS_VLAN_VALID != 0 && a.aux.Vlan_tci&0xfff != 0: // VID 0 is a priority only
		return dropVLAN
	}
	return nil
}

func (a arrival) open(want match) ([]byte, Source, error) {
	if err := a.foreign(); err != nil {
		return nil, Source{}, err
	}
	// A server on this host (dnsmasq) sends over veth and macvlan and leaves the
	// checksum to a network card that never comes. Then the checksum is wrong, and the
	// kernel says so.
	verify := a.aux.Status&unix.TP_STATUS_CSUMNOTREADY == 0
	payload, src, err := parse(a.packet, verify, want)
	if err != nil {
		return nil, Source{}, err
	}
	return payload, Source{MAC: a.mac, IP: src}, nil
}

func recvmsg(fd int, buf []byte) (a arrival, err error) {
	oob := make([]byte, unix.CmsgSpace(int(unsafe.Sizeof(a.aux))))
	n, oobn, _, from, err := unix.Recvmsg(fd, buf, oob, 0)
	if err == unix.EINTR {
		return a, unix.EAGAIN
	}
	if err != nil {
		return a, err
	}
	a.packet = buf[:n]
	if ll, ok := from.(*unix.SockaddrLinklayer); ok {
		a.kind, a.mac = ll.Pkttype, slices.Clone(ll.Addr[:min(ll.Halen, macLen)])
	}
	a.aux = auxdata(oob[:oobn])
	return a, nil
}

// auxdata finds PACKET_AUXDATA. Without it the checksum must be right.
func auxdata(oob []byte) (aux unix.TpacketAuxdata) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return aux
	}
	for _, m := range msgs {
		if m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= int(unsafe.Sizeof(aux)) {
			aux = *(*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0]))
		}
	}
	return aux
}
