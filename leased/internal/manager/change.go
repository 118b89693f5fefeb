// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"

	"podman-net-dhcp/leased/internal/lease"
	"podman-net-dhcp/leased/internal/resolv"
)

// changes logs what a new lease has changed, an event for each.
func (j *job) changes(was, is lease.Lease) {
	if !was.Addr.IsValid() {
		return // bound says it all
	}
	for _, c := range []struct{ what, was, is string }{
		{"address", was.Addr.String(), is.Addr.String()},
		{"server", was.Server.String(), is.Server.String()},
		{"lease time", life(was), life(is)},
		{"routes", fmt.Sprint(was.Routes), fmt.Sprint(is.Routes)},
		{"mtu", fmt.Sprint(was.MTU), fmt.Sprint(is.MTU)},
		{"dns", fmt.Sprint(was.DNS), fmt.Sprint(is.DNS)},
		{"search", fmt.Sprint(search(was)), fmt.Sprint(search(is))},
	} {
		if c.was != c.is {
			j.log.Info("lease changed", "what", c.what, "was", c.was, "is", c.is)
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
			j.log.Info("resolv.conf was edited by somebody else and is left alone")
		case err != nil:
			j.log.Warn("rewrite resolv.conf", "err", err)
			return // the next renewal tries again
		case changed:
			j.log.Info("resolv.conf rewritten", "dns", now.Servers, "search", now.Search)
		}
	}
	j.resolves = &now
}
