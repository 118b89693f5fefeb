// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ErrNoDefaultRoute says that the host has no IPv4 default route by which to find the
// interface that leads to the LAN.
var ErrNoDefaultRoute = errors.New("this host has no IPv4 default route to find the LAN's interface by; name the interface with -o parent=… or -o bridge=…")

// DefaultInterface returns the interface of the IPv4 default route with the lowest
// metric.
func (h *Host) DefaultInterface() (Interface, error) {
	handle, err := h.handle()
	if err != nil {
		return Interface{}, err
	}
	defer handle.Close()
	routes, err := handle.RouteListFiltered(unix.AF_INET, &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return Interface{}, fmt.Errorf("list routes: %w", err)
	}
	var best *netlink.Route
	for i, r := range routes {
		isDefault := r.Dst == nil || r.Dst.IP.IsUnspecified() && prefixLen(r) == 0
		if isDefault && r.LinkIndex != 0 && (best == nil || r.Priority < best.Priority) {
			best = &routes[i]
		}
	}
	if best == nil {
		return Interface{}, ErrNoDefaultRoute
	}
	link, err := h.get(numbered(best.LinkIndex))
	if err != nil {
		return Interface{}, fmt.Errorf("find the default route's interface: %w", err)
	}
	i := Interface{link}
	return i, h.usable(i)
}

func prefixLen(r netlink.Route) int {
	ones, _ := r.Dst.Mask.Size()
	return ones
}

// handle returns the library's handle, for requests that no container's start waits for.
func (h *Host) handle() (*netlink.Handle, error) {
	if h.ns != nil {
		return h.ns.Netlink()
	}
	return netlink.NewHandle(unix.NETLINK_ROUTE)
}
