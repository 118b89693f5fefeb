// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// Ports of DHCPv6 (RFC 8415 §7.2).
const (
	serverPort6 = 547
	clientPort6 = 546
)

// The messages that a client receives (RFC 8415 §7.3): the first byte of a message,
// before 24 bits of xid (§8). RECONFIGURE is not among them: we never accept it.
const (
	advertise6 = 2 << 24
	reply6     = 7 << 24
	xidMask6   = 1<<24 - 1
)

// allServers is All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1).
var allServers = netip.MustParseAddr("ff02::1:2")

// ErrTentative says that the local address is missing or not usable yet: the kernel is
// still looking for a duplicate (RFC 4862 §5.4), or has found one and will never let the
// address be used.
var ErrTentative = errors.New("local address is missing or tentative")

// DHCP6 is the kernel's UDP between a container's link-local address and the DHCPv6
// servers and relay agents of its link. The container's own firewall applies. Until
// SetXID it receives nothing.
type DHCP6 struct {
	datagram
	xid atomic.Uint32
	buf []byte // of the one receiver
}

// OpenDHCP6 opens a UDP socket in ns (nil: the caller's netns) on the interface ifindex,
// from the client port of local, its link-local address; an optimistic address (RFC
// 4429) will do. It fails with ErrTentative, which also wraps EADDRNOTAVAIL, with
// ErrPortInUse, ErrLinkDown and ErrLinkGone.
func OpenDHCP6(ns *netns.NS, ifindex int, local netip.Addr) (*DHCP6, error) {
	if !local.Is6() || !local.IsLinkLocalUnicast() || local.Is4In6() {
		return nil, fmt.Errorf("open DHCPv6 socket on %v: not an IPv6 link-local address", local)
	}
	d, err := openDatagram(ns, unix.AF_INET6, ifindex)
	if err != nil {
		return nil, err
	}
	if err := d.control(func(fd int) error { return bind6(fd, ifindex, local) }); err != nil {
		err = d.refused(err)
		d.Close()
		return nil, fmt.Errorf("open DHCPv6 socket on %v: %w", local, err)
	}
	return &DHCP6{datagram: d, buf: make([]byte, maxPacket)}, nil
}

func bind6(fd, ifindex int, local netip.Addr) error {
	if err := share(fd, ifindex); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		return err
	}
	// Before bind, so that no packet gets in between.
	if err := attach(fd, []bpf.Instruction{bpf.RetConstant{Val: 0}}); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: clientPort6, ZoneId: uint32(ifindex), Addr: local.As16()})
}

// refused classifies an error of bind6. An interface that is down has no addresses.
func (d datagram) refused(err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w: %w", ErrPortInUse, err)
	case !errors.Is(err, unix.EADDRNOTAVAIL):
		return classify(err)
	}
	if state := d.control(d.present); state != nil {
		return fmt.Errorf("%w (%w)", classify(state), err)
	}
	return fmt.Errorf("%w: %w", ErrTentative, err)
}

// SetXID starts a transaction: from now on only ADVERTISEs and REPLYs with this xid, 24
// bits, come in, and earlier messages are thrown away.
func (d *DHCP6) SetXID(xid uint32) error {
	if xid > xidMask6 {
		return fmt.Errorf("set transaction %#x: more than 24 bits", xid)
	}
	d.xid.Store(xid)
	err := d.control(func(fd int) error {
		if err := attach(fd, filter6(xid)); err != nil {
			return err
		}
		return drain(fd)
	})
	if err != nil {
		return fmt.Errorf("set transaction: %w", classify(err))
	}
	return nil
}

// filter6 lets in the messages of the transaction xid. A UDP socket's filter begins at
// the UDP header.
func filter6(xid uint32) []bpf.Instruction {
	return []bpf.Instruction{
		word(udpLen),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: advertise6 | xid, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: reply6 | xid, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 1<<32 - 1},
	}
}

// expected checks the same for a message that has got through: on another CPU the old
// filter may still have been at work.
func expected(payload []byte, xid uint32) bool {
	if len(payload) < 4 {
		return false
	}
	head := binary.BigEndian.Uint32(payload)
	return head == advertise6|xid || head == reply6|xid
}

// Send sends payload to all servers and relay agents of the link.
func (d *DHCP6) Send(payload []byte) error {
	err := d.control(func(fd int) error {
		return unix.Sendto(fd, payload, 0, &unix.SockaddrInet6{
			Port: serverPort6, ZoneId: uint32(d.ifindex), Addr: allServers.As16(),
		})
	})
	if err != nil {
		return fmt.Errorf("send to %v: %w", allServers, d.verdict(err))
	}
	return nil
}

// Receive waits for the next message of the transaction of SetXID. It skips all others,
// however many there are. It returns ctx.Err() when ctx ends, net.ErrClosed after Close.
// It reports an interface that is down or gone when it begins to wait; a UDP socket gets
// no notice of later changes. One goroutine may receive while others send. The payload
// belongs to the caller; from has no MAC.
func (d *DHCP6) Receive(ctx context.Context) (payload []byte, from Source, err error) {
	for ctx.Err() == nil { // also when junk never ends
		payload, from.IP, err = d.next(ctx)
		if err != nil {
			return nil, Source{}, fmt.Errorf("receive: %w", classify(err))
		}
		if expected(payload, d.xid.Load()) {
			return slices.Clone(payload), from, nil
		}
	}
	return nil, Source{}, ctx.Err()
}

// next waits for one message, in d.buf. It skips a message that does not fit.
func (d *DHCP6) next(ctx context.Context) (payload []byte, from netip.Addr, err error) {
	if err := d.control(d.present); err != nil {
		return nil, from, err
	}
	err = d.wait(ctx, func(fd int) error {
		n, sender, err := unix.Recvfrom(fd, d.buf, unix.MSG_TRUNC) // n is the whole one's
		if err == unix.EINTR {
			return unix.EAGAIN
		}
		if err != nil {
			return err
		}
		if n <= len(d.buf) {
			payload = d.buf[:n]
		}
		if sa, ok := sender.(*unix.SockaddrInet6); ok {
			from = netip.AddrFrom16(sa.Addr)
		}
		return nil
	})
	return payload, from, err
}
