// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// putRoutes adds the routes of d.Spec, or changes them in place, at the first free
// metric. sent has the answers of the one request. A single route that makes no sense is
// a problem, not a failure.
func (d *Applied) putRoutes(c *Conn, prev *Spec, sent []error) error {
	if len(d.Spec.Routes) == 0 {
		return nil
	}
	if prev != nil { // a renewal keeps the metric it found
		d.Spec.Metric = max(d.Spec.Metric, prev.Metric)
	}
	return c.again(notThere(sent, prev), func(h *netlink.Handle) error { return d.chooseMetric(h, prev, sent) })
}

// notThere returns why a route of the request is not there, or nil. At a renewal EEXIST
// says that the route is there as it was.
func notThere(sent []error, prev *Spec) error {
	for _, err := range sent {
		there := err == nil
		if prev != nil {
			there = errors.Is(err, unix.EEXIST)
		}
		if !there {
			return cmp.Or(err, rtnetlink.ErrUnanswered)
		}
	}
	return nil
}

// chooseMetric repeats tryRoutes until the metric is free.
func (d *Applied) chooseMetric(h *netlink.Handle, prev *Spec, sent []error) error {
	before := len(d.Problems)
	for try := 0; ; try++ {
		// A starting container usually has no routes, so its table is not read first.
		var unread []error
		if try == 0 && prev == nil {
			unread = sent
		}
		err := d.tryRoutes(h, prev, unread)
		if !errors.Is(err, unix.EEXIST) || try == maxTries {
			return err
		}
		// The metric is taken, perhaps by another lease in this namespace since we read
		// the table. Remove our routes and read the table again.
		d.Problems = d.Problems[:before]
		for _, r := range d.Spec.Routes {
			if err := delRoute(h, d.Spec, r); err != nil {
				return err
			}
		}
	}
}

const maxTries = 5

// tryRoutes adds the routes for which sent has an error, without reading the routing
// table. If sent is nil, it reads the table first and adds the routes that are missing.
func (d *Applied) tryRoutes(h *netlink.Handle, prev *Spec, sent []error) error {
	var t table
	if sent == nil {
		var err error
		if t, err = readTable(h, d.Spec.Ifindex); err == nil {
			d.Spec.Metric, err = t.freeMetric(d.Spec)
		}
		if err != nil {
			return fmt.Errorf("choose metric: %w", err)
		}
	}
	for i, r := range d.Spec.Routes {
		if sent != nil && sent[i] == nil {
			continue
		}
		if t[key{r.Dst, d.Spec.Metric}]&mine != 0 && prev != nil && prev.has(r, d.Spec) {
			continue // as a renewal finds it
		}
		err := putRoute(h, t, d.Spec, r)
		if fatal(err) {
			return err
		}
		if err != nil {
			d.Problems = append(d.Problems, err)
		}
	}
	if len(d.Problems) == 0 {
		return nil
	}
	l, err := linkOf(h.LinkByIndex(d.Spec.Ifindex))
	if err != nil {
		return fmt.Errorf("find interface %d: %w", d.Spec.Ifindex, classify(err))
	}
	return isUp(l) // if not, that is the whole problem
}

// has reports whether s contains exactly this route as now would put it.
func (s *Spec) has(r Route, now Spec) bool {
	return s.Addr == now.Addr && s.Metric == now.Metric && slices.Contains(normal(s.Routes), r)
}

func fatal(err error) bool {
	return errors.Is(err, ErrDown) || errors.Is(err, ErrGone) || errors.Is(err, unix.EEXIST)
}

func putRoute(h *netlink.Handle, t table, s Spec, r Route) error {
	// Only a route that is known to be ours is replaced: of two routes with one key the
	// kernel would replace the first.
	put := h.RouteAdd
	if t[key{r.Dst, s.Metric}]&mine != 0 {
		put = h.RouteReplace
	}
	if err := put(route(s, r)); err != nil {
		return fmt.Errorf("add route to %v via %v: %w", r.Dst, r.Via, classify(err))
	}
	return nil
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

// delRoute removes a route of s, if it is there. The kernel compares protocol, interface
// and metric, so the route belongs to no other program.
func delRoute(h *netlink.Handle, s Spec, r Route) error {
	err := h.RouteDel(&netlink.Route{
		LinkIndex: s.Ifindex,
		Dst:       ipNet(r.Dst.Masked()),
		Priority:  s.Metric,
		Protocol:  unix.RTPROT_DHCP,
		Table:     unix.RT_TABLE_MAIN,
		Scope:     netlink.SCOPE_NOWHERE, // any
	})
	if err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove route to %v: %w", r.Dst, classify(err))
	}
	return nil
}
