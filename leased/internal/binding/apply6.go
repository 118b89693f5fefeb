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

// Spec6 is the part of a binding that DHCPv6 gives: addresses and nothing else.
// Routes are the routers' to advertise.
type Spec6 struct {
	Ifindex int
	Addrs   []Lifetime
}

// Lifetime is an address and how long it may be used from now on: Preferred for
// new connections too, until Valid for those there are. Both are rounded to the
// nearest second; an address whose Valid is 0 or less is over, as if it were not there.
type Lifetime struct {
	Addr             netip.Addr
	Preferred, Valid time.Duration
}

// Apply6 makes next true, in the namespace that h was opened in. prev is what was
// applied on this interface before, or nil. New addresses are optimistic where
// SetAutoconf allowed it; those that are there get their new lifetimes and nothing
// else; what prev has and next has not goes last. Errors are ErrGone, ErrNoIPv6,
// ErrOver if nothing of next may be used, and the system's own; then next may be
// there in part, and Apply6 or Remove6 with either will do.
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

// putAddr6 adds the address, or gives the one that is there its new lifetimes: if its
// DAD is over the kernel ignores that it be optimistic.
func putAddr6(h *netlink.Handle, ifindex int, l Lifetime) error {
	valid := seconds(l.Valid)
	return h.AddrReplace(link(ifindex), &netlink.Addr{
		IPNet: host(l.Addr), ValidLft: valid, PreferedLft: min(valid, preferred(l.Preferred)),
		Flags: unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_OPTIMISTIC,
	})
}

// preferred is a lifetime as the kernel counts it. Unlike a valid one it may be 0.
func preferred(d time.Duration) int {
	if d < time.Second/2 {
		return 0
	}
	return seconds(d)
}

// host is the address alone: that it is ours says nothing of who else is on the
// link (RFC 8415 §21.6).
func host(a netip.Addr) *net.IPNet { return ipNet(netip.PrefixFrom(a, a.BitLen())) }

// Remove6 takes away what Apply6 put there, and nothing else. What is gone already,
// the interface included, is no error.
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
