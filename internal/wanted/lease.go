// SPDX-License-Identifier: Apache-2.0

package wanted

import (
	"encoding/hex"
	"fmt"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// Lease returns the parameters of the lease for a link that was made, or will be.
func (r Interface) Lease(link attach.Link) (leaseapi.AcquireRequest, error) {
	o := r.Options
	clientID, err := o.ClientIDOption(r.identity(), link.MAC)
	if err != nil {
		return leaseapi.AcquireRequest{}, err
	}
	mtu := link.HostMTU
	if o.MTU != 0 {
		mtu = 0
	}
	req := leaseapi.AcquireRequest{
		Attachment: r.Attachment,
		Link:       leaseapi.Link{Netns: r.Netns, MAC: link.MAC.String(), Host: attach.LAN(o.Host(), o.VLAN), MTU: mtu},
		Client: leaseapi.Client{
			ClientID: hex.EncodeToString(clientID), Hostname: o.HostnameOption(r.Hostnames...), FQDN: o.FQDN,
			VendorClass: o.VendorClass, UserClass: o.UserClass, RequestIP: o.RequestIP, RequireIP: o.RequireIP, Servers: o.Servers,
			RapidCommit: o.RapidCommit, IPv6Mostly: o.IPv6Mostly,
		},
		Policy: leaseapi.Policy{
			Metric: o.Metric, NoDefaultRoute: o.NoDefaultRoute || o.Routes == "none", Routers: o.Routers,
			TimeoutMS: o.LeaseTimeout.Milliseconds(), OnTimeout: o.OnTimeout, Release: policyOfRelease(o),
			ConflictCheck: o.ConflictCheck, ResolvConf: o.DNS == "dhcp",
		},
	}
	if o.NoDefaultRoute && o.Routes == "dhcp" { // else the default says so, to an earlier leased, too
		req.Policy.Routes = o.Routes
	}
	return req, r.ipv6(&req)
}

// ipv6 adds the parameters for IPv6.
func (r Interface) ipv6(req *leaseapi.AcquireRequest) error {
	o := r.Options
	if o.IPv6 == "off" {
		return nil
	}
	six, err := o.DHCPv6(r.identity())
	if err != nil {
		return fmt.Errorf("ipv6=%s: %w; try: systemd-machine-id-setup", o.IPv6, err)
	}
	c, p := &req.Client, &req.Policy
	c.DUID, c.IAID, c.Secret, c.RequestIPv6 = hex.EncodeToString(six.DUID), six.IAID, hex.EncodeToString(six.Secret), o.RequestIPv6
	p.IPv6, p.IPv6TimeoutMS, p.RARoutes = o.IPv6, o.IPv6Timeout.Milliseconds(), o.RARoutes
	return nil
}

// policyOfRelease returns the option's value, except for a lease that no container could
// come back for: with a random MAC the next container is another client, and a NIC that
// was lent whole (passthru) cannot give a lease back once it belongs to the host again.
func policyOfRelease(o options.Options) string {
	lent := o.Parent != "" && o.Mode == "passthru"
	if o.Passing() || lent && o.Release != "never" {
		return "now"
	}
	return o.Release
}
