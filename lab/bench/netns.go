// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// space is a network namespace at a path under /run/netns, as container runtimes
// make them, with nothing in it but lo, down.
type space struct{ name string }

func (s space) path() string { return "/run/netns/" + s.name }

func newSpace(name string) (space, error) {
	return space{name}, away(func() error {
		ns, err := vns.NewNamed(name)
		if err != nil {
			return fmt.Errorf("make the netns %s: %w", name, err)
		}
		return ns.Close()
	})
}

// enter calls fn in a namespace. It does less than internal/netns, which looks first
// what it is that it enters.
func enter(ns vns.NsHandle, fn func() error) error {
	return away(func() error {
		if err := vns.Set(ns); err != nil {
			return err
		}
		return fn()
	})
}

// away calls fn, which may go to another namespace, and comes back. A thread that
// cannot stays locked, and ends with its goroutine.
func away(fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := vns.Get()
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		err = fn()
		if back := vns.Set(home); back != nil {
			done <- errors.Join(err, back)
			return
		}
		runtime.UnlockOSThread()
		done <- err
	}()
	return <-done
}

// bound tells whether eth0 in the namespace has a usable address in each prefix.
func (s space) bound(prefixes ...netip.Prefix) error {
	addrs, err := s.addresses()
	if err != nil {
		return err
	}
	for _, p := range prefixes {
		if !slices.ContainsFunc(addrs, func(a netlink.Addr) bool { return usable(a) && within(p, a) }) {
			return fmt.Errorf("eth0 has no address in %v but %v", p, addrs)
		}
	}
	return nil
}

func within(p netip.Prefix, a netlink.Addr) bool {
	ip, ok := netip.AddrFromSlice(a.IP)
	return ok && p.Contains(ip.Unmap())
}

// usable is all that is not tentative, or is so optimistically (RFC 4429).
func usable(a netlink.Addr) bool {
	return a.Flags&unix.IFA_F_TENTATIVE == 0 || a.Flags&unix.IFA_F_OPTIMISTIC != 0
}

func (s space) addresses() ([]netlink.Addr, error) {
	ns, err := netns.Open(s.path())
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	h, err := handle(ns)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	link, err := h.LinkByName("eth0")
	if err != nil {
		return nil, fmt.Errorf("find eth0: %w", err)
	}
	return h.AddrList(link, netlink.FAMILY_ALL)
}

// handle opens the netlink library's handle inside a namespace.
func handle(ns *netns.NS) (h *netlink.Handle, err error) {
	err = ns.Do(func() (err error) { h, err = netlink.NewHandle(unix.NETLINK_ROUTE); return err })
	return h, err
}

// endsWithin is how long the kernel is given to take apart what was deleted. Some
// peer may hold a namespace for longer; that is not for us to wait for.
const endsWithin = 300 * time.Millisecond

// deleteSpaces deletes namespaces and returns when the kernel has taken them
// apart: it does that later, and would do it beside the next measurement.
func deleteSpaces(spaces ...space) error {
	w, err := netns.Watch()
	if err != nil {
		return err
	}
	defer w.Close()
	left := map[int]bool{}
	for _, s := range spaces {
		id, err := s.number()
		if err != nil {
			return err
		}
		left[id] = true
		if err := vns.DeleteNamed(s.name); err != nil {
			return fmt.Errorf("delete the netns %s: %w", s.name, err)
		}
	}
	return awaitEnds(w, left)
}

func (s space) number() (int, error) {
	ns, err := netns.Open(s.path())
	if err != nil {
		return 0, err
	}
	defer ns.Close()
	return ns.ID()
}

func awaitEnds(w *netns.Watcher, left map[int]bool) error {
	late := time.AfterFunc(endsWithin, w.Close)
	defer late.Stop()
	for len(left) > 0 {
		ended, missed, err := w.Next()
		if err != nil || missed {
			return nil // they end later
		}
		for _, id := range ended {
			delete(left, id)
		}
	}
	return nil
}
