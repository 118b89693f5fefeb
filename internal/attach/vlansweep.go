// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// sweeping lets one sweep work at a time, since it removes what a killed one has left, and none
// while a macvlan is made on a VLAN device. A sweep does not wait: starts would wait behind it.
var sweeping sync.RWMutex

// SweepVLANs removes the VLAN devices that Make has made and nothing uses any more. left is how
// many are in use.
func (h *Host) SweepVLANs() (left int, err error) {
	all, err := h.links()
	if err != nil {
		return 0, fmt.Errorf("list the host's links: %w", err)
	}
	for _, l := range all {
		if !ours(l) {
			continue
		}
		if err = errors.Join(err, h.sweep(l)); h.isThere(l.Index) {
			left++
		}
	}
	return left, err
}

func (h *Host) isThere(index int) bool {
	_, err := h.conn.LinkByIndex(index)
	return err == nil
}

// sweep removes a VLAN device if it is ours and nothing uses it. Whether a container of any
// network namespace does, only the kernel knows, and there is no question for it: it lets a
// macvlan in passthru mode be made only where there is no other macvlan (macvlan_common_newlink
// in drivers/net/macvlan.c). So such a one is made, which also keeps new containers away, and
// the device goes with it.
func (h *Host) sweep(dev rtnetlink.Link) error {
	if !ours(dev) || !sweeping.TryLock() {
		return nil
	}
	defer sweeping.Unlock()
	probe := Prefix + "w" + strings.TrimPrefix(dev.Name, deviceMark)
	err := remove(h.conn, probe, func(l rtnetlink.Link) bool { return l.Lower == dev.Index })
	if err != nil {
		return err
	}
	if used, err := h.hostUses(dev); used || err != nil {
		return err
	}
	err = create(h.conn, "macvlan", macvlanMode(macvlanModes["passthru"]), 0,
		rtnetlink.String(unix.IFLA_IFNAME, probe), rtnetlink.Uint32(unix.IFLA_LINK, uint32(dev.Index)))
	switch {
	case gone(err) || errors.Is(err, unix.EBUSY): // EINVAL: in use by macvlans; EBUSY: by others
		return nil
	case err != nil:
		return fmt.Errorf("find out whether the VLAN device %s is in use: %w", dev.Name, err)
	}
	if err := drop(h.conn, numbered(dev.Index)); err != nil && !gone(err) {
		return fmt.Errorf("delete the VLAN device %s: %w", dev.Name, err)
	}
	return nil
}

// hostUses reports whether an administrator uses our VLAN device for the host: it has an address,
// or a link on it.
func (h *Host) hostUses(dev rtnetlink.Link) (used bool, err error) {
	i := Interface{link: dev}
	err = h.dump(unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), func(body []byte) error {
		used = used || usedByAddress(i, body) != ""
		return nil
	})
	if used || err != nil {
		return used, err
	}
	err = h.dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(body []byte) error {
		used = used || usedByLink(i, body) != ""
		return nil
	})
	return used, err
}
