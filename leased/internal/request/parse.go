// SPDX-License-Identifier: Apache-2.0

package request

import (
	"cmp"
	"net"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// InvalidError says that a parameter cannot be right.
type InvalidError struct {
	Parameter string // as Varlink spells it, such as client.duid
}

// Error names the parameter.
func (e *InvalidError) Error() string { return "invalid parameter " + e.Parameter }

// Parse checks the parameters of an Acquire and returns their domain form. It fails
// with an *InvalidError that names the first parameter that cannot be right.
func Parse(a leaseapi.AcquireRequest) (Request, error) {
	var p parser
	var r Request
	r.Attachment = p.attachment(a.Attachment)
	r.Link = p.link(a.Link)
	r.Client = p.client(a.Client, enum[IPv6](ipv6s, a.Policy.IPv6))
	r.Policy = p.policy(a.Policy)
	if p.bad != "" {
		return Request{}, &InvalidError{p.bad}
	}
	return r, nil
}

// parser remembers the first parameter that cannot be right.
type parser struct{ bad string }

// check is told whether the parameter is ok.
func (p *parser) check(parameter string, ok bool) {
	if !ok && p.bad == "" {
		p.bad = parameter
	}
}

func (p *parser) attachment(a leaseapi.Attachment) Attachment {
	p.check("attachment.containerId", plain(a.ContainerID, 1))
	p.check("attachment.containerName", plain(a.ContainerName, 0))
	p.check("attachment.network", plain(a.Network, 1))
	p.check("attachment.interface", options.CheckInterfaceName(a.Interface) == nil && plain(a.Interface, 1))
	p.check("attachment.owner", plain(a.Owner, 0))
	return Attachment(a)
}

func (p *parser) link(l leaseapi.Link) Link {
	mac, err := net.ParseMAC(l.MAC)
	p.check("link.netns", strings.HasPrefix(l.Netns, "/") && len(l.Netns) <= maxPath)
	p.check("link.index", l.Index >= 0)
	p.check("link.mac", err == nil && options.CheckMAC(mac) == nil)
	p.check("link.host", plain(l.Host, 0))
	p.check("link.mtu", l.MTU >= 0 && l.MTU <= maxMTU)
	return Link{Netns: l.Netns, Index: l.Index, MAC: mac, Host: l.Host, MTU: l.MTU}
}

func (p *parser) client(c leaseapi.Client, mode IPv6) Client {
	return Client{
		ID:       p.clientID(c.ClientID),
		Hostname: p.text("client.hostname", c.Hostname), FQDN: c.FQDN,
		VendorClass: p.text("client.vendorClass", c.VendorClass),
		UserClass:   p.text("client.userClass", c.UserClass),
		RequestIP:   p.ipv4("client.requestIp", c.RequestIP), RequireIP: c.RequireIP,
		Servers:     p.allowed("client.servers", c.Servers),
		RapidCommit: c.RapidCommit, IPv6Mostly: c.IPv6Mostly,
		DUID: p.duid(c.DUID, mode), IAID: c.IAID, Secret: p.secret(c.Secret),
		RequestIPv6: p.ipv6("client.requestIpv6", c.RequestIPv6),
	}
}

func (p *parser) policy(a leaseapi.Policy) Policy {
	grace, never, err := options.Grace(a.Release)
	r := Policy{
		Metric: a.Metric, NoRoutes: a.Routes == "none" || a.Routes == "" && a.NoDefaultRoute, ResolvConf: a.ResolvConf, RARoutes: a.RARoutes,
		Routers:       p.allowed("policy.routers", a.Routers),
		Release:       Release{Grace: grace, Never: never},
		OnTimeout:     enum[OnTimeout](onTimeouts, a.OnTimeout),
		ConflictCheck: enum[ConflictCheck](conflictChecks, cmp.Or(a.ConflictCheck, "off")),
		IPv6:          enum[IPv6](ipv6s, cmp.Or(a.IPv6, "off")),
	}
	r.NoDefaultRoute = a.NoDefaultRoute || r.NoRoutes
	p.check("policy.routes", a.Routes == "" || a.Routes == "dhcp" || a.Routes == "none")
	p.check("policy.metric", a.Metric >= 0 && int64(a.Metric) <= maxMetric)
	r.Timeout = p.duration("policy.timeoutMs", a.TimeoutMS, 1)
	p.check("policy.onTimeout", r.OnTimeout != 0)
	p.check("policy.release", err == nil)
	p.check("policy.conflictCheck", r.ConflictCheck != 0)
	p.check("policy.ipv6", r.IPv6 != 0)
	r.IPv6Timeout = p.duration("policy.ipv6TimeoutMs", a.IPv6TimeoutMS, 0)
	return r
}
