// SPDX-License-Identifier: Apache-2.0

package netavark

import (
	"net"
	"net/netip"

	"github.com/containers/common/libnetwork/types"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/wanted"
)

// Status returns the document that setup writes. lease is nil with on_timeout=continue.
func Status(r wanted.Interface, mac net.HardwareAddr, lease *leaseapi.Lease) StatusBlock {
	if lease == nil {
		lease = &leaseapi.Lease{}
	}
	addrs := []address{{prefix: lease.Address, gateway: lease.Gateway}}
	for _, a := range lease.IPv6 {
		addrs = append(addrs, address{prefix: a.Address, gateway: lease.Gateway6})
	}
	s := status(r.Interface, mac, addrs...)
	servers := r.Options.DNSList
	if r.Options.DNS == "dhcp" {
		servers, s.DNSSearchDomains = lease.DNS, lease.Search
	}
	for _, a := range servers {
		s.DNSServerIPs = append(s.DNSServerIPs, a.AsSlice())
	}
	return s
}

// address is an address with its gateway; the gateway may be invalid.
type address struct {
	prefix  netip.Prefix
	gateway netip.Addr
}

// status makes the StatusBlock of one interface. It leaves out invalid addresses.
func status(ifname string, mac net.HardwareAddr, addrs ...address) StatusBlock {
	iface := NetInterface{MacAddress: HardwareAddr(mac)}
	for _, a := range addrs {
		if ip := a.prefix.Addr(); a.prefix.IsValid() {
			ipnet := net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(a.prefix.Bits(), ip.BitLen())}
			iface.Subnets = append(iface.Subnets, NetAddress{IPNet: types.IPNet{IPNet: ipnet}, Gateway: a.gateway.AsSlice()})
		}
	}
	return StatusBlock{Interfaces: map[string]NetInterface{ifname: iface}}
}
