// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// ErrNoDefaultRoute says that the host has no IPv4 default route by which to find the
// interface that leads to the LAN.
var ErrNoDefaultRoute = errors.New("this host has no IPv4 default route to find the LAN's interface by; name the interface with -o parent=… or -o bridge=…")

// DefaultInterface returns the interface of the IPv4 default route with the lowest
// metric.
func (h *Host) DefaultInterface() (Interface, error) {
	best, err := h.defaultRoute()
	if err != nil {
		return Interface{}, fmt.Errorf("list routes: %w", err)
	}
	if best.index == 0 {
		return Interface{}, ErrNoDefaultRoute
	}
	link, err := h.conn.LinkByIndex(best.index)
	if err != nil {
		return Interface{}, fmt.Errorf("find the default route's interface: %w", err)
	}
	i := Interface{link: link, name: link.Name}
	return i, h.usable(i)
}

// route is a default route of the main table.
type route struct {
	index  int // of the interface; 0: there is no such route, or one with several
	metric uint32
}

// defaultRoute returns the one with the lowest metric. A routing table that changes while
// the kernel lists it is read again.
func (h *Host) defaultRoute() (best route, err error) {
	for range 5 {
		best = route{}
		header := make([]byte, unix.SizeofRtMsg)
		header[0] = unix.AF_INET
		err = h.conn.Dump(unix.RTM_GETROUTE, header, func(body []byte) error {
			if r := parseDefault(body); r.index != 0 && (best.index == 0 || r.metric < best.metric) {
				best = r
			}
			return nil
		})
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return best, err
}

// parseDefault reads a struct rtmsg and its attributes. It returns no index for a route
// that is not a default route of the main table.
func parseDefault(body []byte) (r route) {
	const length, table, flags = 1, 4, 8 // offsets of rtm_dst_len, rtm_table and rtm_flags
	if len(body) < unix.SizeofRtMsg || body[length] != 0 || rtnetlink.Number(body[flags:])&unix.RTM_F_CLONED != 0 {
		return route{}
	}
	in := uint32(body[table])
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofRtMsg:]) {
		switch kind {
		case unix.RTA_OIF:
			r.index = int(rtnetlink.Number(value))
		case unix.RTA_PRIORITY:
			r.metric = rtnetlink.Number(value)
		case unix.RTA_TABLE:
			in = rtnetlink.Number(value)
		}
	}
	if in != unix.RT_TABLE_MAIN {
		return route{}
	}
	return r
}
