// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Spec6 is the part of a binding that DHCPv6 gives: only addresses. Routes come from the
// routers.
type Spec6 struct {
	Ifindex int
	Addrs   []Lifetime
}

// Lifetime is an address with its remaining lifetimes: Preferred is for new connections,
// Valid for existing ones. Both are rounded to the nearest second. An address whose
// Valid is 0 or less counts as absent.
type Lifetime struct {
	Addr             netip.Addr
	Preferred, Valid time.Duration
}

// Apply6 brings the kernel to next, in the namespace that h was opened in. prev is the
// Spec6 that was applied on this interface before, or nil. New addresses are optimistic
// if SetAutoconf allowed it. Existing addresses only get their new lifetimes. Addresses
// of prev that next does not have go last. Errors are ErrGone, ErrNoIPv6, ErrOver if no
// address of next may be used, and the system's own. After an error next may be there in
// part; then Apply6 or Remove6 works with either.
func Apply6(h *netlink.Handle, next Spec6, prev *Spec6) error {
	some := len(next.Addrs) > 0
	next.Addrs = slices.DeleteFunc(slices.Clone(next.Addrs), func(l Lifetime) bool { return l.Valid <= 0 })
	if some && len(next.Addrs) == 0 {
		return fmt.Errorf("apply IPv6 addresses: %w", ErrOver)
	}
	for _, l := range next.Addrs {
		if err := putAddr6(h, next.Ifindex, l); err != nil {
			return fmt.Errorf("add address %v: %w", l.Addr, classify6(err))
		}
	}
	if prev == nil || prev.Ifindex != next.Ifindex {
		return nil
	}
	old := Spec6{Ifindex: prev.Ifindex, Addrs: slices.DeleteFunc(slices.Clone(prev.Addrs), func(l Lifetime) bool {
		return slices.ContainsFunc(next.Addrs, func(n Lifetime) bool { return n.Addr == l.Addr })
	})}
	return Remove6(h, old)
}

// putAddr6 adds the address, or gives an existing address its new lifetimes. Once DAD
// has ended, the kernel ignores the optimistic flag.
func putAddr6(h *netlink.Handle, ifindex int, l Lifetime) error {
	valid := seconds(l.Valid)
	return h.AddrReplace(link(ifindex), &netlink.Addr{
		IPNet: host(l.Addr), ValidLft: valid, PreferedLft: min(valid, preferred(l.Preferred)),
		Flags: unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_OPTIMISTIC,
	})
}

// preferred returns a lifetime as the kernel counts it. Unlike a valid lifetime it may
// be 0.
func preferred(d time.Duration) int {
	if d < time.Second/2 {
		return 0
	}
	return seconds(d)
}

// host returns the address as a /128: our address says nothing about other hosts on the
// link (RFC 8415 §21.6).
func host(a netip.Addr) *net.IPNet { return ipNet(netip.PrefixFrom(a, a.BitLen())) }

// Remove6 removes what Apply6 added, and nothing else. A part that is already gone, the
// interface included, is not an error.
func Remove6(h *netlink.Handle, s Spec6) error {
	for _, l := range s.Addrs {
		err := h.AddrDel(link(s.Ifindex), &netlink.Addr{IPNet: host(l.Addr)})
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENXIO) {
			return fmt.Errorf("remove address %v: %w", l.Addr, classify6(err))
		}
	}
	return nil
}

// classify6 is classify, where IPv6 can be switched off too.
func classify6(err error) error {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) {
		return fmt.Errorf("%w: %w", ErrNoIPv6, err)
	}
	return classify(err)
}
