// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"slices"

	"podman-net-dhcp/internal/rtnetlink"
)

// tried holds the answers to the one request of Apply. nil says that the kernel has
// carried out the message, or that the Spec has no such part.
type tried struct {
	mtu, addr error
	subnet    error   // EEXIST: the route to the subnet is there
	routes    []error // in the order of the Spec's
}

// try sends next in one request. A renewal's routes are there already: for them EEXIST is
// the good answer. Other routes than those of prev need the routing table first, so they
// are not sent.
func (c *Conn) try(next Spec, prev *Spec) tried {
	var r request
	if next.MTU > 0 {
		r.mtu(next)
	}
	r.addr(next)
	kept := next.keepsSubnet(prev)
	if kept {
		r.subnet(next)
	}
	switch {
	case prev == nil:
		for _, route := range next.Routes {
			r.addRoute(next, route)
		}
	case next.renews(*prev):
		now := next
		now.Metric = prev.Metric
		for _, route := range next.Routes {
			r.hasRoute(now, route)
		}
	}
	errs := c.send(r)
	var t tried
	if next.MTU > 0 {
		t.mtu, errs = errs[0], errs[1:]
	}
	t.addr, errs = errs[0], errs[1:]
	if kept {
		t.subnet, errs = errs[0], errs[1:]
	}
	t.routes = errs
	for len(t.routes) < len(next.Routes) {
		t.routes = append(t.routes, rtnetlink.ErrUnanswered)
	}
	return t
}

// keepsSubnet reports whether the address was there before, with a subnet. The kernel makes
// the route to the subnet with the address, and not again if the container removes it.
func (s Spec) keepsSubnet(prev *Spec) bool {
	return prev != nil && prev.Addr == s.Addr && s.Addr.Bits() < s.Addr.Addr().BitLen()
}

// renews reports whether s, whose routes are normal, differs from prev by no more than
// its lifetime, its MTU and a lower metric.
func (s Spec) renews(prev Spec) bool {
	return s.Ifindex == prev.Ifindex && s.Addr == prev.Addr && s.Metric <= prev.Metric &&
		slices.Equal(s.Routes, normal(prev.Routes))
}
