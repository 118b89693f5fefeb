// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"net"
	"net/netip"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/wanted"
)

// The documents that setup writes: types.StatusBlock, types.NetInterface and types.NetAddress.
type (
	// StatusBlock is the document.
	StatusBlock struct {
		Interfaces       map[string]NetInterface `json:"interfaces,omitempty"`
		DNSServerIPs     []netip.Addr            `json:"dns_server_ips,omitempty"`
		DNSSearchDomains []string                `json:"dns_search_domains,omitempty"`
	}
	// NetInterface is one interface of the container.
	NetInterface struct {
		Subnets    []NetAddress `json:"subnets,omitempty"`
		MacAddress HardwareAddr `json:"mac_address"`
	}
	// NetAddress is one address of an interface, with its prefix length.
	NetAddress struct {
		IPNet   netip.Prefix `json:"ipnet"`
		Gateway netip.Addr   `json:"gateway,omitzero"`
	}
)

// Status returns the document that setup writes. lease is nil with on_timeout=continue.
func Status(r wanted.Interface, mac net.HardwareAddr, lease *leaseapi.Lease) StatusBlock {
	if lease == nil {
		lease = &leaseapi.Lease{}
	}
	iface := NetInterface{MacAddress: HardwareAddr(mac)}
	add := func(p netip.Prefix, gateway netip.Addr) {
		if p.IsValid() {
			iface.Subnets = append(iface.Subnets, NetAddress{p, gateway})
		}
	}
	add(lease.Address, lease.Gateway)
	for _, a := range lease.IPv6 {
		add(a.Address, lease.Gateway6)
	}
	s := StatusBlock{Interfaces: map[string]NetInterface{r.Interface: iface}, DNSServerIPs: r.Options.DNSList}
	if r.Options.DNS == "dhcp" {
		s.DNSServerIPs, s.DNSSearchDomains = lease.DNS, lease.Search
	}
	return s
}
