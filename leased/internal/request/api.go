// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/hex"

	"podman-net-dhcp/internal/leaseapi"
)

// API returns the request as the API has it, for List and for the disk; Parse
// returns the same request of it. The spelling is canonical: lower case, and
// parameters with their default value are absent.
func (r Request) API() leaseapi.AcquireRequest {
	return leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment(r.Attachment),
		Link:       r.Link.API(),
		Client:     r.Client.api(),
		Policy:     r.Policy.api(),
	}
}

// API returns the link as the API has it.
func (l Link) API() leaseapi.Link {
	return leaseapi.Link{Netns: l.Netns, Index: l.Index, MAC: l.MAC.String(), Host: l.Host, MTU: l.MTU}
}

func (c Client) api() leaseapi.Client {
	a := leaseapi.Client{
		ClientID: hex.EncodeToString(c.ID), Hostname: c.Hostname, FQDN: c.FQDN,
		VendorClass: c.VendorClass, UserClass: c.UserClass,
		RequestIP: c.RequestIP, RequireIP: c.RequireIP, Servers: c.Servers, RapidCommit: c.RapidCommit, IPv6Mostly: c.IPv6Mostly,
		DUID: hex.EncodeToString(c.DUID), IAID: c.IAID, RequestIPv6: c.RequestIPv6,
	}
	if c.Secret != ([16]byte{}) {
		a.Secret = hex.EncodeToString(c.Secret[:])
	}
	return a
}

func (p Policy) api() leaseapi.Policy {
	a := leaseapi.Policy{
		Metric: p.Metric, NoDefaultRoute: p.NoDefaultRoute, Routers: p.Routers,
		TimeoutMS: p.Timeout.Milliseconds(), OnTimeout: p.OnTimeout.String(), Release: p.Release.String(),
		ResolvConf: p.ResolvConf, RARoutes: p.RARoutes, IPv6TimeoutMS: p.IPv6Timeout.Milliseconds(),
	}
	if p.NoDefaultRoute && !p.NoRoutes {
		a.Routes = "dhcp"
	}
	if p.ConflictCheck > CheckOff {
		a.ConflictCheck = p.ConflictCheck.String()
	}
	if p.IPv6 > IPv6Off {
		a.IPv6 = p.IPv6.String()
	}
	return a
}

// String spells r as the API does: now, never, or a grace such as 20s.
func (r Release) String() string {
	switch {
	case r.Never:
		return "never"
	case r.Grace == 0:
		return "now"
	}
	return r.Grace.String()
}
