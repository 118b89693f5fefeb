// SPDX-License-Identifier: Apache-2.0

package links

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
)

// draw draws the news from what was heard: the kernel says what is so now.
func (w *Watcher) draw(h heard) (News, error) {
	n := News{Ports: h.ports, Missed: h.missed}
	if !h.missed && !h.hosts && !h.joined {
		return n, nil
	}
	c, err := netns.OrOwn(w.ns).Rtnetlink()
	if err != nil {
		return n, err
	}
	defer c.Close()
	for range 3 { // what happens before the filter lets it through is seen at another look
		if err := w.look(c, h, &n); err != nil {
			return n, err
		}
		if same, err := w.refilter(); same || err != nil {
			return w.tell(n), err
		}
	}
	return w.tell(n), nil
}

// look looks at the host interfaces.
func (w *Watcher) look(c *rtnetlink.Conn, h heard, n *News) (err error) {
	for name, one := range w.hosts {
		if err := one.look(c); err != nil {
			return fmt.Errorf("look at %s: %w", name, err)
		}
	}
	if n.Plugged, err = w.ports(c, h); err != nil {
		return err
	}
	for _, one := range w.hosts {
		one.follow(c)
	}
	return nil
}

func (w *Watcher) tell(n News) News {
	for _, one := range w.hosts {
		if told, is := one.news(); is {
			n.Hosts = append(n.Hosts, told)
		}
	}
	return n
}

// refilter has the filter let through what is interesting now, and reports whether it did so
// before.
func (w *Watcher) refilter() (same bool, err error) {
	i := w.interest()
	if reflect.DeepEqual(i, w.lets) {
		return true, nil
	}
	w.lets = i
	return false, attach(w.sock, filter(i))
}

// ports reads the ports of the bridges that have no uplinks yet, and of all where notices are
// missing: one dump a bridge, of at most 1023 ports.
func (w *Watcher) ports(c *rtnetlink.Conn, h heard) (plugged map[string]bool, err error) {
	if h.missed {
		plugged = map[string]bool{}
	}
	for _, one := range w.hosts {
		if !one.bridge || one.index == 0 || one.uplinks != nil && !h.joined && !h.missed {
			continue
		}
		ports, err := portsOf(c, one.index)
		if err != nil {
			return nil, err
		}
		one.seek(ports)
		for _, p := range ports {
			if h.missed && p.Flags&unix.IFF_UP != 0 {
				plugged[p.Name] = true
			}
		}
	}
	return plugged, nil
}

// portsOf lists the ports of a bridge. Links that change meanwhile are no reason to try for
// ever: their messages follow.
func portsOf(c *rtnetlink.Conn, bridge int) (ports []rtnetlink.Link, err error) {
	const skipStats = 8 // RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h
	for range 3 {
		ports = ports[:0]
		err = c.Dump(unix.RTM_GETLINK, rtnetlink.LinkHeader(0, 0, 0), func(body []byte) error {
			if l, err := rtnetlink.ParseLink(body); err == nil && l.Master == bridge {
				ports = append(ports, l)
			}
			return nil
		}, rtnetlink.Uint32(unix.IFLA_EXT_MASK, skipStats), rtnetlink.Uint32(unix.IFLA_MASTER, uint32(bridge)))
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil && !errors.Is(err, unix.EINTR) {
		return nil, fmt.Errorf("list the ports of a bridge: %w", err)
	}
	return ports, nil
}

// interest is what the filter is to let through.
func (w *Watcher) interest() (i interest) {
	for _, one := range w.hosts {
		if one.index == 0 {
			i.absent = true
			continue
		}
		to := &i.sound
		if one.state != (state{}) {
			to = &i.lost
		}
		*to = append(*to, one.index)
		if one.bridge {
			i.bridges = append(i.bridges, one.index)
		}
		for index, carries := range one.uplinks {
			if carries {
				i.sound = append(i.sound, index)
			} else {
				i.lost = append(i.lost, index)
			}
		}
	}
	slices.Sort(i.sound)
	slices.Sort(i.lost)
	slices.Sort(i.bridges)
	return i
}
