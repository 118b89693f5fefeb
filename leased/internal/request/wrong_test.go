// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/netip"
	"slices"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
)

var long = strings.Repeat("x", 256)

// request is one that is good, but for the changes.
func request(changes ...func(r *leaseapi.AcquireRequest)) leaseapi.AcquireRequest {
	r := leaseapi.AcquireRequest{
		Attachment: leaseapi.Attachment{ContainerID: "id", ContainerName: "web", Network: "lan", Interface: "eth0"},
		Link:       leaseapi.Link{Netns: "/run/netns/x", Index: 2, MAC: "02:00:00:00:00:01", Host: "br0", MTU: 1500},
		Client:     leaseapi.Client{Hostname: "web"},
		Policy:     leaseapi.Policy{Metric: 100, TimeoutMS: 10_000, OnTimeout: "fail", Release: "now"},
	}
	for _, f := range changes {
		f(&r)
	}
	return r
}

// wrong has for each parameter what it must not be.
var wrong = map[string][]func(r *leaseapi.AcquireRequest){
	"attachment.containerId":   texts(func(r *leaseapi.AcquireRequest) *string { return &r.Attachment.ContainerID }, "", long, "a\n", "\x7f", "\u009b", "\ufffd"),
	"attachment.containerName": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Attachment.ContainerName }, long, "\x00", "\x1b["),
	"attachment.network":       texts(func(r *leaseapi.AcquireRequest) *string { return &r.Attachment.Network }, "", long, "\r"),
	"attachment.owner":         texts(func(r *leaseapi.AcquireRequest) *string { return &r.Attachment.Owner }, long, "\x00", "a\n"),
	"attachment.interface": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Attachment.Interface },
		"", ".", "..", "a/b", "a b", "0123456789abcdef", "a\x00", "\x1b"),
	"link.netns": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Link.Netns }, "", "netns", "../x", "/"+strings.Repeat("x", 4096)),
	"link.index": {func(r *leaseapi.AcquireRequest) { r.Link.Index = -1 }},
	"link.mac": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Link.MAC },
		"", "x", "01:00:00:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00:01:02:03"),
	"link.host":          texts(func(r *leaseapi.AcquireRequest) *string { return &r.Link.Host }, long, "\x1b[2J"),
	"link.mtu":           {func(r *leaseapi.AcquireRequest) { r.Link.MTU = -1 }, func(r *leaseapi.AcquireRequest) { r.Link.MTU = 65536 }},
	"client.clientId":    texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.ClientID }, "0", "0g", "01", strings.Repeat("00", 256)),
	"client.hostname":    texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.Hostname }, long, "a\x00b"),
	"client.vendorClass": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.VendorClass }, long, "\t"),
	"client.userClass":   texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.UserClass }, long, "\t"),
	"client.requestIp": {
		func(r *leaseapi.AcquireRequest) { r.Client.RequestIP = netip.MustParseAddr("::1") },
		func(r *leaseapi.AcquireRequest) { r.Client.RequestIP = netip.MustParseAddr("::ffff:192.0.2.1") },
	},
	"client.duid": append(texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.DUID }, "0", "0g", "0004", strings.Repeat("00", 131)),
		func(r *leaseapi.AcquireRequest) { r.Policy.IPv6 = "auto" }),
	"client.secret": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Client.Secret }, "x", "00", strings.Repeat("00", 17)),
	"client.requestIpv6": {
		func(r *leaseapi.AcquireRequest) { r.Client.RequestIPv6 = netip.MustParseAddr("192.0.2.1") },
		func(r *leaseapi.AcquireRequest) { r.Client.RequestIPv6 = netip.MustParseAddr("::ffff:192.0.2.1") },
		func(r *leaseapi.AcquireRequest) { r.Client.RequestIPv6 = netip.MustParseAddr("fe80::1%eth0") },
	},
	"policy.ipv6": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.IPv6 }, "on", "Auto"),
	"policy.ipv6TimeoutMs": {
		func(r *leaseapi.AcquireRequest) { r.Policy.IPv6TimeoutMS = -1 },
		func(r *leaseapi.AcquireRequest) { r.Policy.IPv6TimeoutMS = 10*60*1000 + 1 },
	},
	"client.servers": {
		func(r *leaseapi.AcquireRequest) { r.Client.Servers = make([]netip.Prefix, 1) },
		func(r *leaseapi.AcquireRequest) { r.Client.Servers = prefixes("2001:db8::/32") },
		func(r *leaseapi.AcquireRequest) { r.Client.Servers = prefixes("192.0.2.1/24") },
		func(r *leaseapi.AcquireRequest) { r.Client.Servers = slices.Repeat(prefixes("192.0.2.1/32"), 9) },
	},
	"policy.routers": {func(r *leaseapi.AcquireRequest) { r.Policy.Routers = prefixes("192.0.2.1/24") }},
	"policy.routes":  texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.Routes }, "None", "static"),
	"policy.metric":  {func(r *leaseapi.AcquireRequest) { r.Policy.Metric = -1 }, func(r *leaseapi.AcquireRequest) { r.Policy.Metric = 1<<32 - 1 }},
	"policy.timeoutMs": {
		func(r *leaseapi.AcquireRequest) { r.Policy.TimeoutMS = 0 },
		func(r *leaseapi.AcquireRequest) { r.Policy.TimeoutMS = -1 },
		func(r *leaseapi.AcquireRequest) { r.Policy.TimeoutMS = 10*60*1000 + 1 },
		func(r *leaseapi.AcquireRequest) { r.Policy.TimeoutMS = 1 << 58 }, // times a million is 0
	},
	"policy.onTimeout":     texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.OnTimeout }, "", "Fail", "wait"),
	"policy.release":       texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.Release }, "", "later", "1ms", "-20s", "48h"),
	"policy.conflictCheck": texts(func(r *leaseapi.AcquireRequest) *string { return &r.Policy.ConflictCheck }, "Quick", "on"),
}

func texts(field func(r *leaseapi.AcquireRequest) *string, values ...string) (all []func(r *leaseapi.AcquireRequest)) {
	for _, v := range values {
		all = append(all, func(r *leaseapi.AcquireRequest) { *field(r) = v })
	}
	return all
}

func prefixes(text string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(text)} }
