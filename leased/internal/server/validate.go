// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/hex"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// Bounds on parameters.
const (
	maxName    = 255
	maxPath    = 4096 // PATH_MAX
	maxTimeout = 10 * time.Minute
	maxDUID    = 130 // RFC 8415 §11.1, with its type
)

// invalid returns the name of the first parameter that is not allowed, or "".
func invalid(r leaseapi.AcquireRequest) string {
	mac, macErr := net.ParseMAC(r.Link.MAC)
	clientID, idErr := hex.DecodeString(r.Client.ClientID)
	_, _, releaseErr := options.Grace(r.Policy.Release)
	duid, duidErr := hex.DecodeString(r.Client.DUID)
	secret, secretErr := hex.DecodeString(r.Client.Secret)
	needs6 := slices.Contains([]string{"auto", "dhcp", "only"}, r.Policy.IPv6)
	timeout := r.Policy.TimeoutMS
	for _, p := range []struct {
		name string
		bad  bool
	}{
		{"attachment.containerId", !plain(r.Attachment.ContainerID, 1)},
		{"attachment.containerName", !plain(r.Attachment.ContainerName, 0)},
		{"attachment.network", !plain(r.Attachment.Network, 1)},
		{"attachment.interface", options.CheckInterfaceName(r.Attachment.Interface) != nil || !plain(r.Attachment.Interface, 1)},
		{"link.netns", !strings.HasPrefix(r.Link.Netns, "/") || len(r.Link.Netns) > maxPath},
		{"link.index", r.Link.Index < 0},
		{"link.mac", macErr != nil || options.CheckMAC(mac) != nil},
		{"link.host", !plain(r.Link.Host, 0)},
		{"link.mtu", r.Link.MTU < 0 || r.Link.MTU > 65535},
		{"client.clientId", idErr != nil || len(clientID) == 1 || len(clientID) > 255},
		{"client.hostname", !plain(r.Client.Hostname, 0)},
		{"client.vendorClass", !plain(r.Client.VendorClass, 0)},
		{"client.userClass", !plain(r.Client.UserClass, 0)},
		{"client.requestIp", r.Client.RequestIP.IsValid() && !r.Client.RequestIP.Is4()},
		{"client.duid", duidErr != nil || len(duid) > 0 && len(duid) < 3 || len(duid) > maxDUID || len(duid) == 0 && needs6},
		{"client.secret", secretErr != nil || len(secret) != 0 && len(secret) != 16},
		{"client.requestIpv6", r.Client.RequestIPv6.IsValid() && (!r.Client.RequestIPv6.Is6() || r.Client.RequestIPv6.Is4In6() || r.Client.RequestIPv6.Zone() != "")},
		{"policy.metric", r.Policy.Metric < 0 || r.Policy.Metric > 1<<32-2},
		{"policy.timeoutMs", timeout <= 0 || timeout > maxTimeout.Milliseconds()},
		{"policy.onTimeout", r.Policy.OnTimeout != "fail" && r.Policy.OnTimeout != "continue"},
		{"policy.release", releaseErr != nil},
		{"policy.conflictCheck", !slices.Contains([]string{"", "off", "quick", "rfc5227"}, r.Policy.ConflictCheck)},
		{"policy.ipv6", !slices.Contains([]string{"", "off", "auto", "slaac", "dhcp", "only"}, r.Policy.IPv6)},
		{"policy.ipv6TimeoutMs", r.Policy.IPv6TimeoutMS < 0 || r.Policy.IPv6TimeoutMS > maxTimeout.Milliseconds()},
	} {
		if p.bad {
			return p.name
		}
	}
	return ""
}

// plain reports whether s is a text of least to maxName bytes without control
// characters, fit for logs and messages.
func plain(s string, least int) bool {
	return len(s) >= least && len(s) <= maxName &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}
