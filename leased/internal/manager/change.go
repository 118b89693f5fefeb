// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"slices"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/resolv"
)

// changes logs what a new lease has changed, an event for each.
func (j *job) changes(was, is lease4.Lease) {
	if !was.Addr.IsValid() {
		return // bound says it all
	}
	for _, c := range []struct {
		what    string
		same    bool
		was, is any
	}{
		{"address", was.Addr == is.Addr, was.Addr, is.Addr},
		{"server", was.Server == is.Server, was.Server, is.Server},
		{"lease time", life(was) == life(is), life(was), life(is)},
		{"routes", slices.Equal(was.Routes, is.Routes), was.Routes, is.Routes},
		{"mtu", was.MTU == is.MTU, was.MTU, is.MTU},
		{"dns", slices.Equal(was.DNS, is.DNS), was.DNS, is.DNS},
		{"search", slices.Equal(search(was), search(is)), search(was), search(is)},
	} {
		if !c.same {
			j.log().Info("lease changed", "what", c.what, "was", fmt.Sprint(c.was), "is", fmt.Sprint(c.is))
		}
	}
}

func life(l lease4.Lease) string {
	if l.Expiry == clock.Never {
		return "infinite"
	}
	return l.Expiry.Sub(l.Start).String()
}

// names is what the servers and routers say of DNS.
func (j *job) names() resolv.Names {
	if l, ok := j.machine.Lease(); ok {
		return namesOf(&l, j.six.names())
	}
	return namesOf(nil, j.six.names())
}

// namesOf is what a lease, or nil, and what comes behind it say of DNS.
func namesOf(l *lease4.Lease, six []resolv.Names) (n resolv.Names) {
	if l != nil {
		n = resolv.Names{Servers: slices.Clip(l.DNS), Search: slices.Clip(search(*l))}
	}
	for _, more := range six {
		n.Servers = appendNew(n.Servers, more.Servers)
		n.Search = appendNew(n.Search, more.Search)
	}
	return n
}

func appendNew[T comparable](list, more []T) []T {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// resolve keeps the container's resolv.conf as the leases have it. What it says in
// the beginning is who asked for the lease to see to. Where no servers are left it is
// left alone: no resolver is worse than an old one.
func (e *entry) resolve(now resolv.Names) {
	j := e.job
	if len(j.waiters) > 0 || j.resolves != nil && len(now.Servers) == 0 {
		return
	}
	if was := j.resolves; was != nil && j.req.Policy.ResolvConf && !was.Equal(now) {
		var changed bool
		var err error
		e.m.hands.free(func() { // a file system may hang
			e.m.rewriters <- struct{}{}
			defer func() { <-e.m.rewriters }()
			changed, err = e.m.cfg.Kernel.Resolve(j.place, j.req.Attachment.ContainerID, *was, now)
		})
		switch {
		case errors.Is(err, resolv.ErrEdited):
			j.log().Info("resolv.conf was edited by somebody else and is left alone")
		case err != nil:
			j.log().Warn("rewrite resolv.conf", "err", err)
			return // the next renewal tries again
		case changed:
			j.log().Info("resolv.conf rewritten", "dns", now.Servers, "search", now.Search)
		}
	}
	j.resolves = &now
}
