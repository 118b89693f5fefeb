// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"cmp"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// ErrInternal says that a network without routes is to take them.
var ErrInternal = errors.New("--internal and the option routes=dhcp exclude each other; leave out one of them")

// Attachment returns the key of everything.
func (e Exec) Attachment() leaseapi.Attachment {
	return leaseapi.Attachment{
		ContainerID: e.ContainerID, ContainerName: e.ContainerName,
		Network: e.Network.Name, Interface: e.NetworkOptions.InterfaceName,
	}
}

// Wanted returns the interface that the document asks for, with checked options. A network
// of an earlier version may have a longer lease_timeout than create allows.
func (e Exec) Wanted(netnsPath string) (wanted.Interface, error) {
	o, err := options.Per(e.Network.Options, e.NetworkOptions.Options)
	if err != nil {
		return wanted.Interface{}, err
	}
	if mac := net.HardwareAddr(e.NetworkOptions.StaticMAC); len(mac) > 0 {
		if err := options.CheckMAC(mac); err != nil {
			return wanted.Interface{}, err
		}
		o.MAC = mac
	}
	if ip := first(e.NetworkOptions.StaticIPs, netip.Addr.Is4); ip.IsValid() {
		o.RequestIP = ip
	}
	o.RequestIPv6 = first(e.NetworkOptions.StaticIPs, netip.Addr.Is6)
	if e.Network.Internal {
		if cmp.Or(e.NetworkOptions.Options["routes"], e.Network.Options["routes"]) == "dhcp" {
			return wanted.Interface{}, ErrInternal
		}
		o.NoDefaultRoute, o.Routes = true, "none"
	}
	o.LeaseTimeout = min(o.LeaseTimeout, options.MaxInPlugin)
	return wanted.Interface{
		Attachment: e.Attachment(), Netns: netnsPath, Options: o, Numbered: isNumbered(e.NetworkOptions.InterfaceName),
		Hostnames: []string{e.hostnameAlias(), e.ContainerName, wanted.ShortID(e.ContainerID)},
	}, nil
}

// isNumbered reports whether Podman has named an interface. Podman 5 gives the names eth0, eth1 …
// to a container's networks in random order. No container is on a network twice.
func isNumbered(ifname string) bool {
	number, ok := strings.CutPrefix(ifname, "eth")
	_, err := strconv.ParseUint(number, 10, 16)
	return ok && err == nil
}

// Reduced returns the part of a document that Attachment and Wanted need, as a document. Podman's
// own one may be too long for a message, by its port mappings or aliases.
func (e Exec) Reduced() (json.RawMessage, error) {
	id := wanted.ShortID(e.ContainerID)
	if name := e.hostnameAlias(); name != "" {
		e.NetworkOptions.Aliases = []string{id, name}
	} else {
		e.NetworkOptions.Aliases = nil
	}
	return json.Marshal(e)
}

// first is Podman's --ip or --ip6. `podman network reload` and restore repeat here
// all addresses that setup reported, duplicates among them.
func first(ips []net.IP, is func(netip.Addr) bool) netip.Addr {
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip); ok && is(a.Unmap()) {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

// hostnameAlias is the container's --hostname. Plugins are not told it, but
// Podman appends the short id and, where one was given, the host name to the
// aliases (libpod/networking_common.go getExtraNetworkAliases).
func (e Exec) hostnameAlias() string {
	aliases := e.NetworkOptions.Aliases
	i := slices.Index(aliases, wanted.ShortID(e.ContainerID))
	if i < 0 || i+1 >= len(aliases) {
		return ""
	}
	return aliases[i+1]
}
