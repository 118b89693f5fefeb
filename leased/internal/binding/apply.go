// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/leased/internal/failpoint"
)

// Apply brings the kernel to next. prev is the result of the last Apply on this interface,
// or nil. Parts that next and prev share stay as they are, without a gap; the rest of prev
// goes last. After an error both may be there in part; then Apply or Remove works with
// either.
//
// Apply sends MTU, address and routes in one request. A renewal that changes only
// lifetimes asks the kernel whether its routes are there.
func (c *Conn) Apply(next Spec, prev *Spec) (Applied, error) {
	next.Routes = normal(next.Routes)
	done := Applied{Spec: next}
	if next.Valid <= 0 {
		return done, fmt.Errorf("apply %v: %w", next.Addr, ErrOver)
	}
	if prev != nil && prev.Ifindex != next.Ifindex {
		prev = nil // it belongs to another link
	}
	sent := c.try(next, prev)
	if err := c.again(sent.mtu, func(h *netlink.Handle) error { return setMTU(h, next) }); err != nil {
		done.Problems = append(done.Problems, err)
	}
	if err := c.again(sent.addr, func(h *netlink.Handle) error { return putAddr(h, next) }); err != nil {
		return done, fmt.Errorf("add address %v: %w", next.Addr, classify(err))
	}
	failpoint.At(failpoint.AfterAddress)
	if errors.Is(sent.subnet, rtnetlink.ErrUnanswered) {
		var r request
		r.subnet(next)
		_ = c.one(r) // the routes of the lease say what is wrong
	}
	if err := done.putRoutes(c, prev, sent.routes); err != nil {
		return done, err
	}
	if err := c.putSources(done.Spec, prev); err != nil {
		done.Problems = append(done.Problems, err)
	}
	if prev == nil || done.Spec.renews(*prev) {
		return done, nil
	}
	return done, c.retire(done.Spec, *prev)
}

// retire removes the parts of prev that now does not have.
func (c *Conn) retire(now, prev Spec) error {
	for _, r := range prev.Routes {
		if prev.Metric == now.Metric && now.hasRoute(r) {
			continue
		}
		if err := c.delRoute(prev, r); err != nil {
			return err
		}
	}
	if prev.Addr == now.Addr {
		return nil
	}
	return c.delAddr(prev, &now)
}

func (s Spec) hasRoute(r Route) bool {
	return slices.ContainsFunc(s.Routes, func(o Route) bool { return o.Dst == r.Dst.Masked() })
}

// Remove removes what Apply added, and nothing else. A part that is already gone, the
// interface included, is not an error.
func (c *Conn) Remove(s Spec) error {
	for _, r := range s.Routes {
		if err := c.delRoute(s, r); err != nil {
			return err
		}
	}
	if err := c.removeSources(s); err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	return c.delAddr(s, nil)
}

// normal masks destinations and drops all but the first route to each: Linux
// would not fail over to a second router (option 3) by itself.
func normal(routes []Route) []Route {
	var out []Route
	for _, r := range routes {
		r.Dst = r.Dst.Masked()
		if !slices.ContainsFunc(out, func(o Route) bool { return o.Dst == r.Dst }) {
			out = append(out, r)
		}
	}
	return out
}

func setMTU(h *netlink.Handle, s Spec) error {
	if s.MTU <= 0 {
		return nil
	}
	if err := h.LinkSetMTU(link(s.Ifindex), s.MTU); err != nil {
		return fmt.Errorf("set MTU %d: %w", s.MTU, classify(err))
	}
	return nil
}

// link names an interface by its index alone.
func link(ifindex int) netlink.Link {
	return &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: ifindex}}
}
