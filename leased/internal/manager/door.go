// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// door is a netns that is open, and rtnetlink in it once somebody has asked. An
// exchange takes three to six steps in the netns; to find the way there costs as
// much as most of them. It is the actor's.
type door struct {
	ns *netns.NS // nil: shut
	nl *netlink.Handle
}

func (d *door) isOpen() bool { return d != nil && d.ns != nil }

func (d *door) netlink() (h *netlink.Handle, err error) {
	if d.nl == nil {
		d.nl, err = d.ns.Netlink()
	}
	return d.nl, err
}

func (d *door) shut() {
	if !d.isOpen() {
		return
	}
	if d.nl != nil {
		d.nl.Close()
	}
	d.ns.Close()
	d.ns, d.nl = nil, nil
}

// enter opens the place's netns for the time of do, if it is not held open.
func enter[T any](p Place, do func(d *door) (T, error)) (T, error) {
	var none T
	d := p.door
	if !d.isOpen() {
		ns, err := reach(p)
		if err != nil {
			return none, err
		}
		d = &door{ns: ns}
		defer d.shut()
	}
	got, err := do(d)
	return got, gone(err)
}

// rtnetlink is enter for what rtnetlink does.
func rtnetlink(p Place, do func(h *netlink.Handle) error) error {
	_, err := enter(p, func(d *door) (struct{}, error) {
		h, err := d.netlink()
		if err == nil {
			err = do(h)
		}
		return struct{}{}, err
	})
	return err
}

// reach opens the place's netns by its path, or else by its processes: the path can
// be gone while the container lives, and uses the address (podman system reset).
func reach(p Place) (*netns.NS, error) {
	ns, cookie, err := open(p.Netns)
	switch {
	case err == nil && cookie == p.Cookie:
		return ns, nil
	case err == nil:
		ns.Close()
		err = fmt.Errorf("%w: another network namespace is at %s", ErrGone, p.Netns)
	default:
		err = absent(err)
	}
	if !errors.Is(err, ErrGone) || p.Cookie == 0 {
		return nil, err
	}
	if ns, lost := netns.Find(netns.Sign{Number: p.Number, Inode: p.Inode, Cookie: p.Cookie}); lost == nil {
		return ns, nil
	}
	return nil, err
}

// open opens the netns at path.
func open(path string) (*netns.NS, uint64, error) {
	ns, err := netns.Open(path)
	if err != nil {
		return nil, 0, err
	}
	cookie, err := ns.Cookie()
	if err != nil {
		ns.Close()
		return nil, 0, err
	}
	return ns, cookie, nil
}

// absent is what it means that a netns cannot be opened: it is gone, unless it is
// we who are short of something.
func absent(err error) error {
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// gone gives the errors of the packages below that mean it the name ErrGone.
func gone(err error) error {
	if errors.Is(err, binding.ErrGone) || errors.Is(err, wire.ErrLinkGone) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}
