// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// putAddr adds the address, or gives an existing address its new lifetimes.
func putAddr(h *netlink.Handle, s Spec) error {
	a := s.address()
	return h.AddrReplace(link(s.Ifindex), &a)
}

func (s Spec) address() netlink.Addr {
	valid := seconds(s.Valid)
	return netlink.Addr{IPNet: ipNet(s.Addr), ValidLft: valid, PreferedLft: valid}
}

// seconds returns a lifetime as the kernel counts it; MaxUint32 means no end. It rounds
// to the nearest second: rounded down, a lease of 2 s would end after half its time, a
// millisecond after it began, and before its renewal. leased itself ends a lease exactly
// on time.
func seconds(d time.Duration) int {
	return int(min(max(d.Round(time.Second)/time.Second, 1), math.MaxUint32))
}

// delAddr removes this address, and no other.
//
// If the interface has too many addresses to look at them all, only now's is sure to stay
// (nil: there is none). The kernel may remove others of the subnet too: the container made
// them, and the lease's address must go.
func (c *Conn) delAddr(s Spec, now *Spec) error {
	h, err := c.Handle()
	if err != nil {
		return err
	}
	neighbours, err := c.secondaries(s)
	if errors.Is(err, ErrTooMany) {
		neighbours, err = nil, nil
		if now != nil {
			neighbours = []netlink.Addr{now.address()}
		}
	}
	if err == nil {
		err = keeping(h, s.Ifindex, neighbours, func() error {
			return h.AddrDel(link(s.Ifindex), &netlink.Addr{IPNet: ipNet(s.Addr)})
		})
	}
	if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove address %v: %w", s.Addr, classify(err))
	}
	return nil
}

// secondaries returns the addresses that the kernel may remove together with s.Addr.
// With promote_secondaries=0, its default, a subnet's first address takes all later ones
// with it: the address that has just replaced it, and those that other programs added.
func (c *Conn) secondaries(s Spec) (out []netlink.Addr, err error) {
	header := []byte{unix.AF_INET, 0, 0, 0, 0, 0, 0, 0} // struct ifaddrmsg
	native.PutUint32(header[4:], uint32(s.Ifindex))
	err = list(c.ns, unix.RTM_GETADDR, header, nil, func() { out = nil }, func(body []byte) {
		if a, ok := secondary(body, s); ok {
			out = append(out, a)
		}
	})
	if err == nil && len(out) > maxKept {
		err = ErrTooMany
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// maxKept is how many secondary addresses are kept, which takes three messages each. The
// usual subnet has no more.
const maxKept = 256

// secondary reads an RTM_NEWADDR, and reports whether it is about one of the secondaries.
func secondary(body []byte, s Spec) (a netlink.Addr, ok bool) {
	if len(body) < unix.SizeofIfAddrmsg || int(native.Uint32(body[4:])) != s.Ifindex {
		return a, false
	}
	var local, peer []byte
	a.Scope = int(body[3])
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_LOCAL:
			local = value
		case unix.IFA_ADDRESS:
			peer = value
		case unix.IFA_BROADCAST:
			a.Broadcast = slices.Clone(value)
		case unix.IFA_LABEL:
			a.Label = unix.ByteSliceToString(value)
		case unix.IFA_FLAGS:
			a.Flags = int(rtnetlink.Number(value))
		case unix.IFA_CACHEINFO:
			a.PreferedLft, a.ValidLft = int(rtnetlink.Number(value)), int(rtnetlink.Number(value[min(4, len(value)):]))
		}
	}
	addr, ok := netip.AddrFromSlice(local)
	if !ok || !bytes.Equal(local, peer) || a.Flags&unix.IFA_F_SECONDARY == 0 {
		return a, false
	}
	p := netip.PrefixFrom(addr, int(body[1]))
	a.IPNet = ipNet(p)
	return a, p != s.Addr && p.Masked() == s.Addr.Masked()
}

// keeping calls fn and puts back the addresses that went away with it. Meanwhile each of
// them is there as a /32, which belongs to no subnet and so stays. Otherwise an
// interface without any address for a moment would lose all its routes, and an address
// that goes would take its routes along, foreign ones too.
func keeping(h *netlink.Handle, ifindex int, addrs []netlink.Addr, fn func() error) error {
	var holds []*netlink.Addr
	for _, a := range addrs {
		hold := &netlink.Addr{IPNet: &net.IPNet{IP: a.IP, Mask: net.CIDRMask(32, 32)}, ValidLft: 60, PreferedLft: 60}
		if err := h.AddrAdd(link(ifindex), hold); err == nil { // else it is there
			holds = append(holds, hold)
		}
	}
	err := fn()
	for _, a := range addrs {
		err = errors.Join(err, h.AddrReplace(link(ifindex), &a))
	}
	for _, hold := range holds {
		err = errors.Join(err, h.AddrDel(link(ifindex), hold))
	}
	return err
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
