// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// putAddr adds the address, or gives an existing address its new lifetimes.
func putAddr(h *netlink.Handle, s Spec) error {
	valid := seconds(s.Valid)
	return h.AddrReplace(link(s.Ifindex), &netlink.Addr{IPNet: ipNet(s.Addr), ValidLft: valid, PreferedLft: valid})
}

// seconds returns a lifetime as the kernel counts it; MaxUint32 means no end. It rounds
// to the nearest second: rounded down, a lease of 2 s would end after half its time, a
// millisecond after it began, and before its renewal. leased itself ends a lease exactly
// on time.
func seconds(d time.Duration) int {
	return int(min(max(d.Round(time.Second)/time.Second, 1), math.MaxUint32))
}

// delAddr removes this address, and no other.
func delAddr(h *netlink.Handle, s Spec) error {
	neighbours, err := secondaries(h, s)
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
func secondaries(h *netlink.Handle, s Spec) ([]netlink.Addr, error) {
	all, err := dump(func() ([]netlink.Addr, error) { return h.AddrList(link(s.Ifindex), netlink.FAMILY_V4) })
	var out []netlink.Addr
	for _, a := range all {
		p := prefix(a.IPNet)
		if a.Flags&unix.IFA_F_SECONDARY != 0 && p != s.Addr && p.Masked() == s.Addr.Masked() {
			out = append(out, a)
		}
	}
	return out, err
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

// dump repeats a listing that a concurrent change has interrupted.
func dump[T any](list func() (T, error)) (all T, err error) {
	for range 5 {
		if all, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// prefix converts n back; the zero Prefix if n has no such form.
func prefix(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	ip, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(ip.Unmap(), bits)
}
