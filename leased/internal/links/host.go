// SPDX-License-Identifier: Apache-2.0

package links

import (
	"errors"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// lowerUp is IFF_LOWER_UP of linux/if.h: the link has a carrier.
const lowerUp = 0x10000

// host is a host interface that containers hang on.
type host struct {
	name    string
	index   int // 0: there is none of that name
	bridge  bool
	uplinks map[int]bool // of a bridge, by ifindex: has a carrier

	state
	told  state
	known bool // it was told
	lost  bool // it was without its LAN since
}

// state is what is told of a host interface.
type state struct {
	gone    bool
	trouble string // for the user; empty: none
}

// Host is what is new about a host interface.
type Host struct {
	Name string
	// Trouble is what keeps it from its LAN, for the user: "no carrier on eth0"; empty: nothing. An
	// interface that is gone, or was renamed before it was looked at, has none: the links that hang
	// on it show which.
	Trouble string
	// Back says that it leads to its LAN again, after a time without.
	Back bool
}

// look looks at the interface. A renamed one is still the one that containers hang on.
func (h *host) look(c *rtnetlink.Conn) error {
	link, err := c.LinkByName(h.name)
	if errors.Is(err, unix.ENODEV) && h.index != 0 {
		link, err = c.LinkByIndex(h.index)
	}
	switch {
	case errors.Is(err, unix.ENODEV):
		h.index, h.uplinks, h.lost, h.state = 0, nil, true, state{gone: true}
		return nil
	case err != nil:
		return err
	}
	if h.index != link.Index {
		h.lost, h.index, h.uplinks = h.lost || h.known, link.Index, nil
	}
	h.bridge = link.Kind == "bridge"
	h.state = state{trouble: h.cutOff(link)}
	return nil
}

// cutOff is what keeps a link that is there from its LAN.
func (h *host) cutOff(link rtnetlink.Link) string {
	switch {
	case link.Flags&unix.IFF_UP == 0:
		return h.name + " is down"
	case !h.bridge && link.Flags&lowerUp == 0:
		return "no carrier on " + h.name
	}
	return ""
}

// news is what is new since the last time.
func (h *host) news() (n Host, is bool) {
	sound := h.state == state{}
	back := h.known && sound && (h.lost || h.told != h.state)
	is = h.told != h.state || back
	if sound {
		h.lost = false
	}
	h.known, h.told = true, h.state
	return Host{Name: h.name, Trouble: h.trouble, Back: back}, is
}

// isUplink reports whether a port of a bridge may lead to the LAN: a virtual machine's or a
// container's does not.
func isUplink(l rtnetlink.Link) bool { return l.Kind != "tun" && l.Kind != "veth" }

// maxUplinks bounds those of a bridge that are looked at.
const maxUplinks = 16

// seek finds a bridge's uplinks among its ports. Where all ports are veths, as where the host is
// itself a container, these are those that leased has not made.
func (h *host) seek(ports []rtnetlink.Link) {
	h.uplinks = map[int]bool{}
	for _, wanted := range []func(rtnetlink.Link) bool{isUplink, func(l rtnetlink.Link) bool { return l.Kind == "veth" && l.Alias == "" }} {
		for _, p := range ports {
			if p.Master == h.index && wanted(p) && len(h.uplinks) < maxUplinks {
				h.uplinks[p.Index] = p.Flags&lowerUp != 0
			}
		}
		if len(h.uplinks) > 0 {
			return
		}
	}
}

// follow looks at a bridge's uplinks again, and says so where none has a carrier.
func (h *host) follow(c *rtnetlink.Conn) {
	var without string
	for index := range h.uplinks {
		l, err := c.LinkByIndex(index)
		if err != nil || l.Master != h.index {
			delete(h.uplinks, index)
			continue
		}
		if h.uplinks[index] = l.Flags&lowerUp != 0; !h.uplinks[index] {
			without = l.Name
		}
	}
	for _, carries := range h.uplinks {
		if carries {
			return
		}
	}
	if h.state == (state{}) && without != "" {
		h.trouble = "no carrier on " + without
	}
}
