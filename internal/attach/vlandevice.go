// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// A VLAN of a parent is a VLAN device there, below the macvlans of all containers in that VLAN.
// An administrator's is used as it is. Otherwise Make makes one, and SweepVLANs removes it.

// deviceMark follows Prefix in the name of a VLAN device that we have made. It is not a
// hexadecimal digit, so that no host end has such a name.
const deviceMark = Prefix + "v"

// ours reports whether we have made a VLAN device.
func ours(l rtnetlink.Link) bool { return l.Kind == "vlan" && strings.HasPrefix(l.Name, deviceMark) }

// deviceName names a parent's VLAN device. The ifindex tells the parent from one that had its
// name earlier.
func deviceName(parent rtnetlink.Link, vlan int) string {
	sum := sha256.Sum256([]byte(LAN(parent.Name, vlan) + "\x00" + strconv.Itoa(parent.Index)))
	return deviceMark + hex.EncodeToString(sum[:4])
}

// FindVLAN is Find, and looks for the VLAN device that a link in this VLAN (0: none) would use.
func (h *Host) FindVLAN(name string, vlan int) (Interface, error) {
	on, err := h.Find(name)
	if err != nil || on.Bridge() {
		return on, err
	}
	if on.device, err = h.findDevice(on, vlan); errors.Is(err, unix.ENODEV) {
		err = nil
	}
	return on, err
}

// Below is what a macvlan on i would hang on if that is an interface that the host may use itself:
// i, or an administrator's VLAN device. false: it would hang on a VLAN device of ours.
func (i Interface) Below(vlan int) (Interface, bool) {
	if vlan == 0 || i.Bridge() {
		return i, true
	}
	return Interface{link: i.device, name: i.device.Name}, i.device.Index != 0 && !ours(i.device)
}

// findDevice finds a parent's VLAN device: ours by its name, or any in a list of all links. It
// fails with ENODEV if there is none.
func (h *Host) findDevice(on Interface, vlan int) (rtnetlink.Link, error) {
	is := func(l rtnetlink.Link) bool { return l.Lower == on.link.Index && int(l.VLAN) == vlan }
	if vlan == 0 {
		return rtnetlink.Link{}, unix.ENODEV
	}
	l, err := h.conn.LinkByName(deviceName(on.link, vlan))
	if err == nil && is(l) {
		return l, nil
	}
	all, err := h.links()
	for _, l := range all {
		if is(l) {
			return l, nil
		}
	}
	if err == nil {
		err = unix.ENODEV
	}
	return rtnetlink.Link{}, err
}

// links lists all links.
func (h *Host) links() (all []rtnetlink.Link, err error) {
	err = h.dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(body []byte) error {
		l, err := rtnetlink.ParseLink(body)
		all = append(all, l)
		return err
	})
	return all, err
}

// inVLAN makes a macvlan in a VLAN of a parent.
func (h *Host) inVLAN(ctx context.Context, on Interface, ns *netns.NS, s Spec) (Link, error) {
	made, dev, err := h.makeInVLAN(ctx, on, ns, s)
	if err != nil {
		return Link{}, errors.Join(err, h.sweep(dev))
	}
	return made, nil
}

func (h *Host) makeInVLAN(ctx context.Context, on Interface, ns *netns.NS, s Spec) (made Link, dev rtnetlink.Link, err error) {
	sweeping.RLock()
	defer sweeping.RUnlock()
	name := on.link.Name
	i, raised, err := h.device(on, s)
	if err != nil {
		return Link{}, i.link, fmt.Errorf("VLAN %d of %s: %w", s.VLAN, name, err)
	}
	s.Host = i.link.Name // for messages
	if ours(i.link) {
		s.Host = LAN(name, s.VLAN)
	}
	made, err = h.makeOn(ctx, i, ns, s)
	made.On, made.Raised = name, raised
	return made, i.link, err
}

// device finds or makes the parent's VLAN device, and brings it up. raised: an administrator's
// was down.
func (h *Host) device(on Interface, s Spec) (dev Interface, raised bool, err error) {
	l, err := h.findDevice(on, s.VLAN)
	if errors.Is(err, unix.ENODEV) {
		l, err = h.makeDevice(on, s.VLAN)
	}
	dev = Interface{link: l, name: l.Name}
	if err != nil {
		return dev, false, err
	}
	switch err := h.usable(dev); {
	case err != nil:
		return dev, false, err
	case ours(l):
		dev.link, err = h.prepare(on, l, s.VLAN)
		return dev, false, err
	case l.Flags&unix.IFF_UP == 0:
		s.Host = l.Name
		dev, err = h.raise(dev, s)
		return dev, true, err
	}
	return dev, false, nil
}

// makeDevice makes the VLAN device, or finds the one that another start has just made.
func (h *Host) makeDevice(on Interface, vlan int) (rtnetlink.Link, error) {
	const vlanID = 1 // IFLA_VLAN_ID of linux/if_link.h
	id := rtnetlink.Nested(unix.IFLA_INFO_DATA, rtnetlink.Attr{Type: vlanID, Value: binary.NativeEndian.AppendUint16(nil, uint16(vlan))})
	err := create(h.conn, "vlan", id, 0,
		rtnetlink.String(unix.IFLA_IFNAME, deviceName(on.link, vlan)), rtnetlink.Uint32(unix.IFLA_LINK, uint32(on.link.Index)))
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return rtnetlink.Link{}, errors.New("the kernel makes no VLAN device: it lacks the module 8021q, or the parent carries no VLANs; " +
			"try: modprobe 8021q; to have it after each boot, write 8021q into a file in /etc/modules-load.d")
	case err != nil && !errors.Is(err, unix.EEXIST):
		return rtnetlink.Link{}, fmt.Errorf("make a VLAN device: %w", err)
	}
	l, lost := h.findDevice(on, vlan)
	if errors.Is(err, unix.EEXIST) && errors.Is(lost, unix.ENODEV) {
		return l, errors.New("its VLAN device is in another network namespace; move the device back to the host, or delete it")
	}
	return l, lost
}

// prepare brings our VLAN device up, with the parent's MTU.
func (h *Host) prepare(on Interface, l rtnetlink.Link, vlan int) (rtnetlink.Link, error) {
	if l.Flags&unix.IFF_UP != 0 && l.MTU == on.link.MTU {
		return l, nil
	}
	if l.Flags&unix.IFF_UP == 0 {
		if h.KeepOut != nil {
			if err := h.KeepOut(l.Name); err != nil {
				return l, fmt.Errorf("set up %s: %w", l.Name, err)
			}
		}
		alias := rtnetlink.String(unix.IFLA_IFALIAS, fmt.Sprintf("net-dhcp: %s vlan %d", on.link.Name, vlan))
		if err := change(h.conn, numbered(l.Index), unix.IFF_UP, alias); err != nil {
			return l, fmt.Errorf("bring %s up: %w", l.Name, err)
		}
	}
	if l.MTU != on.link.MTU { // the parent may have less room for frames with a tag
		_ = change(h.conn, numbered(l.Index), 0, rtnetlink.Uint32(unix.IFLA_MTU, uint32(on.link.MTU)))
	}
	return h.conn.LinkByIndex(l.Index)
}
