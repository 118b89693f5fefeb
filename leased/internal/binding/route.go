// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// putRoute adds one route, unless it is there. It fails with errTaken if a route of another
// program has the destination and the metric.
func (c *Conn) putRoute(prev *Spec, s Spec, want Route) error {
	err := c.newRoute(s, want, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	if errors.Is(err, unix.EEXIST) {
		err = c.putInPlace(prev, s, want)
	}
	if err != nil && !errors.Is(err, errTaken) {
		return fmt.Errorf("add route to %v via %v: %w", want.Dst, want.Via, classify(err))
	}
	return err
}

// putInPlace is for a metric that some route to the destination has: the wanted one, one
// that an earlier Apply put there, or another program's.
func (c *Conn) putInPlace(prev *Spec, s Spec, want Route) error {
	if errors.Is(c.newRoute(s, want, 0), unix.EEXIST) { // see hasRoute
		return nil
	}
	if old, ok := prev.routeTo(s, want); ok && errors.Is(c.newRoute(*prev, old, 0), unix.EEXIST) {
		// Behind prev's, which packets take until it goes. NLM_F_REPLACE would replace the
		// first route with the key, whosever it is.
		if err := c.newRoute(s, want, unix.NLM_F_CREATE|unix.NLM_F_APPEND); err != nil {
			return err
		}
		var r request
		r.exactRoute(unix.RTM_DELROUTE, *prev, old, 0)
		return c.one(r)
	}
	// What Apply put there before leased was killed, and no record names.
	if err := c.delRoute(s, want); err != nil {
		return err
	}
	if err := c.newRoute(s, want, unix.NLM_F_CREATE|unix.NLM_F_EXCL); !errors.Is(err, unix.EEXIST) {
		return err
	}
	return errTaken
}

// routeTo returns the route of prev that has the place of want.
func (s *Spec) routeTo(now Spec, want Route) (Route, bool) {
	if s == nil || s.Metric != now.Metric {
		return Route{}, false
	}
	all := normal(s.Routes)
	i := slices.IndexFunc(all, func(r Route) bool { return r.Dst == want.Dst })
	if i < 0 {
		return Route{}, false
	}
	return all[i], true
}

func (c *Conn) newRoute(s Spec, want Route, flags uint16) error {
	var r request
	r.route(s, want, flags)
	return c.one(r)
}

func route(s Spec, r Route) *netlink.Route {
	out := &netlink.Route{
		LinkIndex: s.Ifindex,
		Dst:       ipNet(r.Dst),
		Src:       s.Addr.Addr().AsSlice(),
		Priority:  s.Metric,
		Protocol:  unix.RTPROT_DHCP,
		Table:     unix.RT_TABLE_MAIN,
		Scope:     netlink.SCOPE_LINK,
	}
	if !r.Via.IsValid() {
		return out
	}
	out.Gw, out.Scope = r.Via.AsSlice(), netlink.SCOPE_UNIVERSE
	// A gateway outside our subnet (any gateway, with a /32) is treated as on the link.
	// A host route to the gateway would do the same, but would have to be added first,
	// shared between routes and removed last.
	if !s.Addr.Contains(r.Via) {
		out.Flags = int(netlink.FLAG_ONLINK)
	}
	return out
}

// delRoute removes a route of s, if it is there.
func (c *Conn) delRoute(s Spec, r Route) error {
	var req request
	req.delRoute(s, r.Dst.Masked())
	err := c.one(req)
	if err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove route to %v: %w", r.Dst, classify(err))
	}
	return nil
}
