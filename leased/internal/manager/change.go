// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"slices"

	"podman-net-dhcp/leased/internal/lease"
	"podman-net-dhcp/leased/internal/resolv"
)

// changes logs what a new lease has changed, an event for each.
func (j *job) changes(was, is lease.Lease) {
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

func life(l lease.Lease) string {
	if l.Expiry == lease.Never {
		return "infinite"
	}
	return l.Expiry.Sub(l.Start).String()
}

// names is what a lease says of DNS.
func names(l lease.Lease) resolv.Names { return resolv.Names{Servers: l.DNS, Search: search(l)} }

// resolve keeps the container's resolv.conf as the lease has it. What it says after
// the first lease is who asked for that lease to see to. A lease without servers
// takes away none: no resolver is worse than an old one.
func (e *entry) resolve(l lease.Lease) {
	j, now := e.job, names(l)
	if j.resolves != nil && len(now.Servers) == 0 {
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
