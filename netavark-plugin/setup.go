// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netavark"
	"podman-net-dhcp/internal/options"
)

func setup(netnsPath string, stdin io.Reader) (any, error) {
	// Ctrl-C on podman run reaches the whole process group, and ends us like kill -9:
	// leased undoes what was made when its caller hangs up, the link included.
	exec, err := readExec(stdin)
	if err != nil {
		return nil, err
	}
	r, err := request(exec, netnsPath)
	if err != nil {
		return nil, err
	}
	joined, err := front.Join(context.Background(), r)
	if err != nil {
		return nil, err
	}
	return status(r, joined), nil
}

func readExec(stdin io.Reader) (netavark.Exec, error) {
	var e netavark.Exec
	if err := netavark.Read(stdin, &e); err != nil {
		return e, err
	}
	if e.ContainerID == "" || e.Network.Name == "" || e.NetworkOptions.InterfaceName == "" {
		return e, errors.New("stdin lacks container_id, network.name or network_options.interface_name")
	}
	return e, nil
}

func key(e netavark.Exec) leaseapi.Attachment {
	return leaseapi.Attachment{
		ContainerID: e.ContainerID, ContainerName: e.ContainerName,
		Network: e.Network.Name, Interface: e.NetworkOptions.InterfaceName,
	}
}

// request turns Podman's document into a validated attachment.
func request(e netavark.Exec, netnsPath string) (front.Request, error) {
	o, err := options.Per(e.Network.Options, e.NetworkOptions.Options)
	if err != nil {
		return front.Request{}, err
	}
	if mac := net.HardwareAddr(e.NetworkOptions.StaticMAC); len(mac) > 0 {
		if err := options.CheckMAC(mac); err != nil {
			return front.Request{}, err
		}
		o.MAC = mac
	}
	if ip := first(e.NetworkOptions.StaticIPs, netip.Addr.Is4); ip.IsValid() {
		o.RequestIP = ip
	}
	o.RequestIPv6 = first(e.NetworkOptions.StaticIPs, netip.Addr.Is6)
	o.NoDefaultRoute = o.NoDefaultRoute || e.Network.Internal
	return front.Request{
		Attachment: key(e), Netns: netnsPath, Options: o,
		Hostnames: []string{hostnameAlias(e), e.ContainerName, front.ShortID(e.ContainerID)},
		Meanwhile: rehearse,
	}, nil
}

// rehearse has encoding/json look at the types of the answer, which takes it as
// long as a server to answer.
func rehearse() {
	_, _ = json.Marshal(netavark.Status("", nil))
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
func hostnameAlias(e netavark.Exec) string {
	aliases := e.NetworkOptions.Aliases
	i := slices.Index(aliases, front.ShortID(e.ContainerID))
	if i < 0 || i+1 >= len(aliases) {
		return ""
	}
	return aliases[i+1]
}

func status(r front.Request, j front.Joined) netavark.StatusBlock {
	lease := j.Lease
	if lease == nil { // on_timeout=continue
		lease = &leaseapi.Lease{}
	}
	addrs := []netavark.Address{{Prefix: lease.Address, Gateway: lease.Gateway}}
	for _, a := range lease.IPv6 {
		addrs = append(addrs, netavark.Address{Prefix: a.Address, Gateway: lease.Gateway6})
	}
	s := netavark.Status(r.Interface, j.MAC, addrs...)
	servers := r.Options.DNSList
	if r.Options.DNS == "dhcp" {
		servers, s.DNSSearchDomains = lease.DNS, lease.Search
	}
	for _, a := range servers {
		s.DNSServerIPs = append(s.DNSServerIPs, a.AsSlice())
	}
	return s
}
